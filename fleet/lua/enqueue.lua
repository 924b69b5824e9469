-- include: _ready
-- enqueue: accept a job of the API. All or nothing; the same job again changes nothing.
-- KEYS  1 public list
-- ARGV  1 job id   2 spec   3 problemId   4 key of the problem's index   5 language   6 lane
--       7 public item   8 most jobs that may wait   9 retention, s
-- Returns {1 accepted or 0 full, when it was queued (ms), jobs that wait}
-- A wake token on the public list is counted as a job: the depth may be one too high.
local id, job = ARGV[1], K.job .. ARGV[1]
local waiting = call('LLEN', KEYS[1]) + ready_total() + call('ZCARD', K.retry)

local queued = call('HGET', job, 'queued')
if queued then
  return {1, tonumber(queued), waiting}
end
if waiting >= tonumber(ARGV[8]) then
  return {0, 0, waiting}
end

local now = now_ms()
local route = call('HGET', K.languages, ARGV[5]) or ARGV[5]
-- First write, and one that a full memory refuses: then nothing at all happens.
call('HSET', job, 'place', 'public', 'state', 'queued', 'origin', 'api', 'spec', ARGV[2],
  'digest', redis.sha1hex(ARGV[7]), 'problemId', ARGV[3], 'language', ARGV[5], 'lane', ARGV[6],
  'route', route, 'queued', now)
call('LPUSH', KEYS[1], ARGV[7])
call('LPUSH', ARGV[4], id)
call('LTRIM', ARGV[4], 0, 99)
call('EXPIRE', ARGV[4], ARGV[9])
count('enqueued')
return {1, now, waiting + 1}
