-- include: _ready _lease
-- release: put claims back at the front without penalty, and the worker's inbox too.
-- ARGV  1 worker   then pairs of job id and fence, first to run first
-- Returns how many were still held (or had been released by an earlier sending of this call)
local released = 0
allow_full_memory()
for i = #ARGV - 1, 2, -2 do
  local id, fence = ARGV[i], ARGV[i + 1]
  local how = standing(id, fence)
  if how == 'held' then
    call('ZREM', K.leases, id)
    call('HSET', K.job .. id, 'past', fence, 'past_how', 'released')
    requeue(id)
  end
  if how == 'held' or how == 'released' then
    released = released + 1
  end
end
return_inbox(ARGV[1])
if ready_total() > 0 then
  wake_someone()
end
return released
