-- forget: remove a job that is done, with its result and all that was told of it. Works on a full memory.
-- ARGV  1 job id   2 nonce of this call
-- Returns forgotten | not_done | unknown
-- For a minute the key remembers the call, so that it is answered the same when it is sent again; and
-- that it was queued, so that an enqueue which is sent again so late does not begin anew.
local REMEMBER_S = 60
local id, nonce, job = ARGV[1], ARGV[2], K.job .. ARGV[1]
local known = call('HMGET', job, 'place', 'forgot', 'queued', 'problemId', 'owner')
if not known[1] then
  return known[2] == nonce and 'forgotten' or 'unknown'
end
if known[1] ~= 'done' then
  return 'not_done'
end

call('EXPIRE', job, 0)  -- that is, remove it: first write, allowed on a full memory; the rest then is, too
call('EXPIRE', K.told .. id, 0)
call('ZREM', K.dead, id)
if known[4] then
  call('LREM', K.by_problem .. owned(known[4], known[5]), 0, id)
end
call('HSET', job, 'forgot', nonce, 'queued', known[3])
call('EXPIRE', job, REMEMBER_S)
return 'forgotten'
