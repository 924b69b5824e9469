-- workers: who is there. Only reads.
-- ARGV  1 lease, ms: a worker silent for longer is dead
-- Returns what each worker with a fresh heartbeat announced, JSON
local found = {}
for _, worker in ipairs(call('ZRANGEBYSCORE', K.workers, '(' .. now_ms() - ARGV[1], '+inf')) do
  local info = call('HGET', K.worker .. worker, 'info')
  if info then
    found[#found + 1] = info
  end
end
return found
