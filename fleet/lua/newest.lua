-- newest: the jobs of a problem that are kept, newest first. Only reads.
-- ARGV  1 key of the problem's index   2 how many   3... fields
-- Returns for each job {id, fields...}
local found = {}
for _, id in ipairs(call('LRANGE', ARGV[1], 0, ARGV[2] - 1)) do
  local known = call('HMGET', K.job .. id, unpack(ARGV, 3))
  table.insert(known, 1, id)
  found[#found + 1] = known
end
return found
