-- include: _deliveries
-- deliveries_settle: how an attempt went. Works on a full memory.
-- ARGV  1 delivery   2 fence   3 what it is now: delivered, dead, or pending   4 status of the answer, 0: none
--       5 how long it took, ms   6 pause before the next attempt, ms   7 why, in words
-- Returns 'ok' (also for this call sent again), or 'stale': the lease was lost, and nothing was written
local id, fence, state, key = ARGV[1], ARGV[2], ARGV[3], K.delivery .. ARGV[1]
local known = call('HMGET', key, 'fence', 'past', 'attempts', 'receiver')
if known[1] ~= fence then
  return known[2] == fence and 'ok' or 'stale'
end

allow_full_memory()
local now = now_ms()
call('HSET', key, 'past', fence)
note_attempt(id, known[3], now, ARGV[4], ARGV[5], ARGV[7])
if state == 'pending' then
  local due = now + tonumber(ARGV[6])
  call('HSET', key, 'due', due)
  call('HDEL', key, 'fence')
  send_at(id, known[4], due)
else
  end_delivery(id, state, now)
end
return 'ok'
