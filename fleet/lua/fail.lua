-- include: _lease _deliveries _finish
-- fail: a failure of ours. The job runs again after a pause, or ends. Works on a full memory.
-- ARGV  1 job id   2 fence   3 reason   4 attempts at most   5 first pause, ms   6 longest pause, ms
--       7 jitter, per mille of the pause   then how it ends after the last, see ending
-- Returns retry | dead (it was the last attempt; the last result is stored) | stale
local id, fence, job = ARGV[1], ARGV[2], K.job .. ARGV[1]
local how = standing(id, fence)
if how ~= 'held' then
  return how == 'done' and 'dead' or how == 'retry' and 'retry' or 'stale'
end

local known = call('HMGET', job, 'fails', 'crashes')
local fails, crashes = tonumber(known[1] or 0), tonumber(known[2] or 0)
if fails + crashes + 1 >= tonumber(ARGV[4]) then
  end_job(id, fence, ending(8), true)
  call('HSET', job, 'reason', ARGV[3])
  return 'dead'
end

local pause = math.min(ARGV[5] * 2 ^ fails, tonumber(ARGV[6]))
call('ZREM', K.leases, id)  -- first write, allowed on a full memory
local due = now_ms() + math.floor(pause * ARGV[7] / 1000)
call('ZADD', K.later, due, id)
call('HSET', job, 'place', 'later', 'due', due, 'state', 'queued', 'reason', ARGV[3], 'past', fence, 'past_how', 'retry')
call('HINCRBY', job, 'fails', 1)
call('HDEL', job, 'fence', 'worker', 'started', 'running')
call('PUBLISH', K.progress_channel, id)
return 'retry'
