-- include: _ready
-- depth: how many jobs are where. Only reads, unless someone edited a ready set by hand: then it mends
-- the count of what is in them.
-- Returns {public, high, normal, low, later, leased, dead}
local ready = {high = 0, normal = 0, low = 0}
for _, name in ipairs(call('ZRANGE', K.clocks, 0, -1)) do
  local lane = string.match(name, '^%l+')
  ready[lane] = ready[lane] + call('ZCARD', K.ready .. name)
end
local total = ready.high + ready.normal + ready.low
if total ~= ready_total() then
  allow_full_memory()
  call('HSET', K.count, 'ready', total)
end
return {public_total(), ready.high, ready.normal, ready.low, call('ZCARD', K.later),
  call('ZCARD', K.leases), call('ZCARD', K.dead)}
