-- include: _deliveries
-- deliveries_redeliver: send a delivery that was delivered, or is dead, anew; or one that waits, now.
-- ARGV  1 delivery
-- Returns 'ok', 'unknown', or 'full': as many wait as may, and nothing was written
local id, key = ARGV[1], K.delivery .. ARGV[1]
local known = call('HMGET', key, 'state', 'owner', 'receiver', 'attempts', 'fence')
local state, owner, receiver, now = known[1], known[2], known[3], now_ms()
if not state then
  return 'unknown'
end
if state ~= 'pending' and not may_wait(owner) then
  return 'full'
end

-- The first write of either is one that a full memory refuses: then nothing at all happens.
if state == 'pending' then
  if not known[5] then
    call('HSET', key, 'due', now)
    send_at(id, receiver, now)
    call('PUBLISH', K.delivery_channel, id)
  end
  return 'ok'
end
begin_delivery(id, owner, receiver, now)
for attempt = 0, tonumber(known[4]) do
  call('HDEL', key, 'attempt:' .. attempt)
end
call('ZREM', delivery_index(state), id)
call('ZREM', delivery_index(state, owner), id)
return 'ok'
