-- include: _ready
-- depth: how many jobs are where. Only reads.
-- Returns {public, high, normal, low, later, leased, dead}
local ready = {high = 0, normal = 0, low = 0}
for _, name in ipairs(call('ZRANGE', K.clocks, 0, -1)) do
  local lane = string.match(name, '^%l+')
  ready[lane] = ready[lane] + call('ZCARD', K.ready .. name)
end
return {public_total(), ready.high, ready.normal, ready.low, call('ZCARD', K.later),
  call('ZCARD', K.leases), call('ZCARD', K.dead)}
