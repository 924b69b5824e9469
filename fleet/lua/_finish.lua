-- The end of a job: result, event and announcement in one step, so that none can happen alone.
local EVENTS_MAX = 100000
local DEAD_MAX = 1000

local function end_job(id, fence, result, event, retention_s, dead)
  local job, now = K.job .. id, now_ms()
  call('ZREM', K.leases, id)  -- first write, allowed on a full memory; the rest then is, too
  local n = count('events')
  call('HSET', job, 'place', 'done', 'state', 'done', 'result', result, 'finished', now,
    'past', fence, 'past_how', 'done', 'n', n)
  call('HDEL', job, 'spec', 'fence', 'running')
  call('EXPIRE', job, retention_s)
  count('done')
  local known = call('HMGET', job, 'problemId', 'told', 'owner')
  if known[2] then
    call('EXPIRE', K.told .. id, retention_s)
  end
  local problem = known[1]
  if problem and problem ~= '' then
    local index = K.by_problem .. owned(problem, known[3])
    if call('EXPIRE', index, retention_s) == 0 then
      note_newest(index, id, retention_s)  -- the job waited longer than the retention
    end
  end
  if dead then
    call('ZADD', K.dead, now, id)
    call('ZREMRANGEBYRANK', K.dead, 0, -DEAD_MAX - 1)
  end
  event = '{"v":1,"n":' .. n .. ',' .. string.sub(event, 8)  -- after its {"v":1,
  call('XADD', K.events, 'MAXLEN', '~', EVENTS_MAX, '*', 'n', n, 'e', event)
  call('PUBLISH', K.done_channel, event)
end

-- Whether `fence` holds the job ('held'), or how the lease with this very fence ended.
local function standing(id, fence)
  local known = call('HMGET', K.job .. id, 'place', 'fence', 'past', 'past_how')
  if known[1] == 'leased' and known[2] == fence then
    return 'held'
  end
  return known[3] == fence and known[4] or 'stale'
end
