-- Acceptance of a job of the API: straight to where it waits.
-- `order` is a table: 1 job id   2 spec   3 problemId   4 key of the problem's index   5 language
--   6 lane   7 not before, ms   8 not before so many ms from now
-- Its first write is one that a full memory refuses: then nothing at all happens.
local ORDER_FIELDS = 8

local function accept(order, owner, now, retention_s)
  local id, job = order[1], K.job .. order[1]
  local route = call('HGET', K.languages, order[5]) or order[5]
  local name, due = order[6] .. ':' .. route, math.max(tonumber(order[7]), now + order[8])
  local place, field, value = 'ready', 'list', name
  if due > now then
    place, field, value = 'later', 'due', due
  end
  call('HSET', job, 'state', 'queued', 'place', place, field, value, 'spec', order[2], 'problemId', order[3],
    'language', order[5], 'lane', order[6], 'route', route, 'queued', now)
  if owner ~= '' then
    call('HSET', job, 'owner', owner)
  end
  if due > now then
    call('ZADD', K.later, due, id)
  else
    call('ZADD', K.ready .. name, next_turn(name, owner), id)
  end
  note_newest(order[4], id, retention_s)
  return due <= now
end

-- Where a job waits, 1 for the next of its set; 0 if it waits for its time, or does not wait.
local function position_of(id)
  local known = call('HMGET', K.job .. id, 'place', 'list')
  local rank = known[1] == 'ready' and call('ZRANK', K.ready .. known[2], id)
  return rank and rank + 1 or 0
end
