-- include: _deliveries
-- deliveries_claim: lease deliveries whose time has come to a sender. Works on a full memory.
-- ARGV  1 sender   2 nonce of this call   3 how many at most   4 lease, ms   5 most of a receiver at once
--       6 most of an owner at once   7 attempts of a delivery
--       then pairs of receiver and how many of its deliveries this sender has
-- Returns {server ms, ms until more are due or -1, pending, dead, ms the oldest has been pending or 0,
--          then of each: id, fence, owner, event, subject, url, body, attempt, receiver}
-- A lease that ran out makes a delivery due again. Sent again with the same nonce, it answers the
-- same again as long as the lease lasts.
local FIELDS = 9
local nonce, want, lease_ms = ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local receiver_max, owner_max, attempts_max = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
local remembered, now = K.delivery_claim .. ARGV[1], now_ms()
local free, free_owner, busy = {}, {}, 0
for i = 8, #ARGV, 2 do
  local receiver, owner = ARGV[i], owner_of(ARGV[i])
  free[receiver] = receiver_max - ARGV[i + 1]
  free_owner[owner] = (free_owner[owner] or owner_max) - ARGV[i + 1]
  busy = busy + 1
end

-- What of `key` is due, the longest first; `most` of it can be of use, and only the busy of none.
local function due_in(key, most)
  return call('ZRANGEBYSCORE', key, '-inf', now, 'LIMIT', 0, most + busy)
end

-- The deliveries to take: of the owner that waits longest first, but of none too many.
local function due_now()
  local found = {}
  for _, owner in ipairs(want > 0 and due_in(K.delivery_due, want) or {}) do
    local left = math.min(free_owner[owner] or owner_max, want - #found)
    for _, receiver in ipairs(left > 0 and due_in(due_key(owner), left) or {}) do
      local most = math.min(free[receiver] or receiver_max, left)
      for _, id in ipairs(most > 0 and call('ZRANGEBYSCORE', due_key(receiver), '-inf', now, 'LIMIT', 0, most) or {}) do
        found[#found + 1] = {id, receiver}
        left = left - 1
      end
    end
  end
  return found
end

-- What has expired is listed no longer.
local function sweep(state)
  local index = delivery_index(state)
  for _, id in ipairs(call('ZRANGE', index, 0, TRIMMED_MAX - 1)) do
    if call('EXISTS', K.delivery .. id) == 1 then
      break
    end
    call('ZREM', index, id)
  end
end

allow_full_memory()
local taken = {}
local last = call('HMGET', remembered, 'nonce', 'ids')
if last[1] == nonce then
  for id in string.gmatch(last[2], '%x+') do
    taken[#taken + 1] = id
  end
else
  for _, found in ipairs(due_now()) do
    local id, receiver = found[1], found[2]
    local known = call('HMGET', K.delivery .. id, 'state', 'attempts')
    if known[1] ~= 'pending' then
      send_no_more(id, receiver)
    elseif tonumber(known[2]) >= attempts_max then
      note_attempt(id, known[2], now, 0, 0, 'its sender was gone before it said how it went')
      end_delivery(id, 'dead', now)
    else
      taken[#taken + 1] = id
      local attempt = call('HINCRBY', K.delivery .. id, 'attempts', 1)
      call('HSET', K.delivery .. id, 'fence', nonce .. ':' .. attempt, 'due', now + lease_ms)
      send_at(id, receiver, now + lease_ms)
    end
  end
  if #taken > 0 then
    call('HSET', remembered, 'nonce', nonce, 'ids', table.concat(taken, ' '))
    call('PEXPIRE', remembered, lease_ms)
  end
end
for _, state in ipairs({'pending', 'delivered', 'dead'}) do
  sweep(state)
end

local next_due = call('ZRANGE', K.delivery_due, 0, 0, 'WITHSCORES')[2]
local oldest = call('ZRANGE', delivery_index('pending'), 0, 0, 'WITHSCORES')[2]
local answer = {now, next_due and math.max(0, next_due - now) or -1, call('ZCARD', delivery_index('pending')),
  call('ZCARD', delivery_index('dead')), oldest and math.max(0, now - oldest) or 0}
for _, id in ipairs(taken) do
  local row = call('HMGET', K.delivery .. id, 'fence', 'owner', 'event', 'subject', 'url', 'body',
    'attempts', 'receiver')
  if row[1] and string.sub(row[1], 1, #nonce + 1) == nonce .. ':' then
    answer[#answer + 1] = id
    for i = 1, FIELDS - 1 do
      answer[#answer + 1] = row[i] or ''
    end
  end
end
return answer
