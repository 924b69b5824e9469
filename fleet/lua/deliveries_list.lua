-- include: _deliveries
-- deliveries_list: deliveries, the one that changed its state last first. Only reads.
-- ARGV  1 of one owner: 1, of all: 0   2 the owner   3 how many to pass over   4 how many at most
--       then the states
-- Returns of each: id, and the fields of its hash as HGETALL gives them
local first, most, found = tonumber(ARGV[3]), tonumber(ARGV[4]), {}
for i = 5, #ARGV do
  local index = delivery_index(ARGV[i], ARGV[1] == '1' and ARGV[2] or nil)
  local rows = call('ZREVRANGE', index, 0, first + most - 1, 'WITHSCORES')
  for j = 1, #rows, 2 do
    found[#found + 1] = {rows[j], tonumber(rows[j + 1])}
  end
end
table.sort(found, function(one, other)
  if one[2] ~= other[2] then
    return one[2] > other[2]
  end
  return one[1] > other[1]
end)

local answer = {}
for i = first + 1, math.min(first + most, #found) do
  local fields = call('HGETALL', K.delivery .. found[i][1])
  if #fields > 0 then  -- else it has expired
    answer[#answer + 1] = {found[i][1], fields}
  end
end
return answer
