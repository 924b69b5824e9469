-- include: _ready
-- reap: bring back what nobody holds any more. Works on a full memory; a bounded batch a call.
-- ARGV  1 lease, ms: a worker silent for longer is dead
-- Returns {leases that ran out, jobs whose time has come, raw items from inboxes of dead workers}
local now, BATCH = now_ms(), 100
local expired, due, returned = 0, 0, 0

allow_full_memory()
for _, id in ipairs(call('ZRANGEBYSCORE', K.leases, '-inf', now, 'LIMIT', 0, BATCH)) do
  local job = K.job .. id
  local known = call('HMGET', job, 'fence', 'running')
  call('ZREM', K.leases, id)
  if known[1] then
    if known[1] == known[2] then
      call('HINCRBY', job, 'crashes', 1)
    end
    requeue(id)
    expired = expired + 1
  end
end

for _, id in ipairs(call('ZRANGEBYSCORE', K.later, '-inf', now, 'LIMIT', 0, BATCH)) do
  call('ZREM', K.later, id)
  if requeue(id) then
    due = due + 1
  end
end

for _, worker in ipairs(call('ZRANGEBYSCORE', K.workers, '-inf', now - ARGV[1], 'LIMIT', 0, BATCH)) do
  returned = returned + return_inbox(worker)
end
for _, worker in ipairs(call('ZRANGEBYSCORE', K.workers, '-inf', now - FORGET_MS, 'LIMIT', 0, BATCH)) do
  call('ZREM', K.workers, worker)
  call('DEL', K.worker .. worker, K.claimed .. worker)
end

if expired + due > 0 then
  wake_someone()
end
return {expired, due, returned}
