-- renew: heartbeat of a worker, and more time for the leases it holds. Works on a full memory.
-- ARGV  1 worker   2 lease, ms   3 how many ids follow as started   then those ids
--       then pairs of job id and fence
-- Returns {server ms, 1 if the worker is registered, ids whose lease is lost, ids that somebody asked
--         to cancel}
-- A lease that ran out but was not reaped yet is still its holder's.
local worker, lease_ms, starting = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local now, started = now_ms(), {}
for i = 4, 3 + starting do
  started[ARGV[i]] = true
end

allow_full_memory()
local registered = call('EXISTS', K.worker .. worker)
if registered == 1 then
  call('ZADD', K.workers, now, worker)
end
local stale, cancelled = {}, {}
for i = 4 + starting, #ARGV, 2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local job = K.job .. id
  local known = call('HMGET', job, 'place', 'fence', 'running', 'cancel')
  if known[1] == 'leased' and known[2] == fence then
    call('ZADD', K.leases, now + lease_ms, id)
    -- Only a lease lost after this mark counts as a crash of the job.
    if started[id] and known[3] ~= fence then
      call('HSET', job, 'state', 'running', 'started', now, 'running', fence)
      call('PUBLISH', K.progress_channel, id)
    end
    if known[4] then
      table.insert(cancelled, id)
    end
  else
    table.insert(stale, id)
  end
end
return {now, registered, stale, cancelled}
