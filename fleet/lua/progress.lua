-- include: _lease
-- progress: tell what has come of a running job so far. It is news and no work: what a full memory
-- does not take is dropped, and so is an event that is too large.
-- ARGV  1 job id   2 fence   then events, JSON
-- Returns 1 the lease is held, 0 it is lost (nothing was written)
-- The events of the last call once more are this call sent again: they are told once.
local TOLD_MAX = 1024
local EVENT_BYTES_MAX = 16384
local id, fence, job = ARGV[1], ARGV[2], K.job .. ARGV[1]
if standing(id, fence) ~= 'held' then
  return 0
end
local digest = redis.sha1hex(table.concat(ARGV, '\n', 2))
if #ARGV == 2 or memory_full() or call('HGET', job, 'told') == digest then
  return 1
end

call('HSET', job, 'told', digest)
for i = 3, #ARGV do
  if #ARGV[i] <= EVENT_BYTES_MAX then
    call('XADD', K.told .. id, 'MAXLEN', '~', TOLD_MAX, '*', 'e', ARGV[i])
  end
end
call('PUBLISH', K.progress_channel, id)
return 1
