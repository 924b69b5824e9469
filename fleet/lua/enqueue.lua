-- include: _ready _accept
-- enqueue: accept a job of the API. All or nothing; the same job again changes nothing.
-- ARGV  1 owner   2 most jobs that may wait   3 retention, s   then the order, see accept
-- Returns {1 accepted or 0 full, when it was queued (ms), jobs that wait, its position among them}
local owner, order = ARGV[1], {unpack(ARGV, 4)}
local id = order[1]
local waiting = public_total() + ready_total()

local queued = call('HGET', K.job .. id, 'queued')
if queued then
  return {1, tonumber(queued), waiting, position_of(id)}
end
local all = waiting + call('ZCARD', K.later)
if all >= tonumber(ARGV[2]) then
  return {0, 0, all, 0}
end

local now = now_ms()
local ready = accept(order, owner, now, ARGV[3])
count('enqueued')
if not ready then
  return {1, now, waiting, 0}
end
wake_someone()
return {1, now, waiting + 1, position_of(id)}
