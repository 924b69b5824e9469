-- include: _ready
-- unregister: withdraw a worker; what is in its inbox goes back.
-- ARGV  1 worker
-- Returns how many raw items went back
-- The worker stays listed as silent for another minute: a BLMOVE it had under way may still deliver.
local worker = ARGV[1]
allow_full_memory()
local returned = return_inbox(worker)
if call('ZSCORE', K.workers, worker) then
  call('ZADD', K.workers, now_ms() - FORGET_MS + 60000, worker)
end
call('DEL', K.worker .. worker, K.claimed .. worker)
return returned
