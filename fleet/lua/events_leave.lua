-- events_leave: remove a consumer from its group, unless entries it took are unacknowledged: those
-- would be stranded. Works on a full memory.
-- ARGV  1 group   2 consumer
-- Returns 1 removed, 0 kept (or not there)
local consumers = redis.pcall('XINFO', 'CONSUMERS', K.events, ARGV[1])
if consumers.err then
  return 0
end
for _, row in ipairs(consumers) do
  local about = {}
  for i = 1, #row, 2 do
    about[row[i]] = row[i + 1]
  end
  if about.name == ARGV[2] and about.pending == 0 then
    call('XGROUP', 'DELCONSUMER', K.events, ARGV[1], ARGV[2])
    return 1
  end
end
return 0
