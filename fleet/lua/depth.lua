-- include: _ready
-- depth: how many jobs are where. Only reads. A wake token counts as a public item.
-- Returns {public, high, normal, low, retry, leased, dead}
local ready = {high = 0, normal = 0, low = 0}
for _, name in ipairs(call('SMEMBERS', K.lanes)) do
  local lane = string.match(name, '^%l+')
  ready[lane] = ready[lane] + call('LLEN', K.ready .. name)
end
return {call('LLEN', K.public), ready.high, ready.normal, ready.low, call('ZCARD', K.retry),
  call('ZCARD', K.leases), call('ZCARD', K.dead)}
