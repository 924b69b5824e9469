-- The end of a job: result, event and announcement in one step, so that none can happen alone.
local EVENTS_MAX = 100000
local DEAD_MAX = 1000

-- How a job ends, from the arguments of a script, beginning with the one of that number:
-- result, JSON   event, JSON without its number   verdict   retention, s
local function ending(first)
  return {result = ARGV[first], event = ARGV[first + 1], verdict = ARGV[first + 2],
    retention_s = tonumber(ARGV[first + 3])}
end

-- One more job of a batch is done; with the last of them the batch is.
local function end_in_batch(batch_id, id, how, event, now)
  local batch, jobs, done = K.batch .. batch_id, K.batch_jobs .. batch_id, K.batch_done .. batch_id
  local total = call('HGET', batch, 'total')
  if not total then
    return
  end
  call('RPUSH', done, id)
  call('HINCRBY', batch, 'v:' .. how.verdict, 1)
  if call('HINCRBY', batch, 'done', 1) == tonumber(total) then
    call('HSET', batch, 'finished', now)
    for _, key in ipairs({batch, jobs, done}) do
      call('EXPIRE', key, how.retention_s)
    end
    deliver_batch(batch_id, call('HGETALL', batch), event, how.retention_s)
  end
  call('PUBLISH', K.progress_channel, batch_id)
end

local function end_job(id, fence, how, dead)
  local job, now = K.job .. id, now_ms()
  call('ZREM', K.leases, id)  -- first write, allowed on a full memory; the rest then is, too
  local n = count('events')
  call('HSET', job, 'place', 'done', 'state', 'done', 'result', how.result, 'finished', now,
    'past', fence, 'past_how', 'done', 'n', n)
  local known = call('HMGET', job, 'problemId', 'told', 'owner', 'ttl', 'keep_source', 'callback', 'batch')
  local problem, told, owner, ttl, keep_source, callback, batch = unpack(known)
  call('HDEL', job, 'fence', 'running', 'list', 'turn', 'due', 'callback', keep_source and '' or 'spec')
  local kept_s = math.min(tonumber(ttl or how.retention_s), how.retention_s)
  call('EXPIRE', job, kept_s)
  if told then
    call('EXPIRE', K.told .. id, kept_s)
  end
  count('done')
  if owner and call('HINCRBY', K.open, owner, -1) <= 0 then
    call('HDEL', K.open, owner)
  end
  if problem and problem ~= '' then
    local index = K.by_problem .. owned(problem, owner)
    if call('EXPIRE', index, how.retention_s) == 0 then
      note_newest(index, {id}, how.retention_s)  -- the job waited longer than the retention
    end
  end
  if dead then
    call('ZADD', K.dead, now, id)
    call('ZREMRANGEBYRANK', K.dead, 0, -DEAD_MAX - 1)
  end
  local event = '{"v":1,"n":' .. n .. ',' .. string.sub(how.event, 8)  -- after its {"v":1,
  call('XADD', K.events, 'MAXLEN', '~', EVENTS_MAX, '*', 'n', n, 'e', event)
  call('PUBLISH', K.done_channel, event)
  if callback then
    deliver_job(id, owner or '', callback, event, how.result, how.retention_s)
  end
  if batch then
    end_in_batch(batch, id, how, event, now)
  end
end
