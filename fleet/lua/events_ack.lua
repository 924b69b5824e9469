-- events_ack: the lines of these entries and gaps are written. Works on a full memory.
-- ARGV  1 group   2 end of the last gap that was reported, or 0   then pairs of stream id and n
-- Returns how far the group has come in the numbers
local group = ARGV[1]
local seen, acked = K.seen .. group, K.acked .. group

allow_full_memory()
local low = tonumber(call('HGET', seen, 'low') or 0)
for i = 3, #ARGV, 2 do
  redis.pcall('XACK', K.events, group, ARGV[i])  -- the group may be gone; the number still counts
  if tonumber(ARGV[i + 1]) > low then
    call('ZADD', acked, ARGV[i + 1], ARGV[i + 1])
  end
end
local gap_end = tonumber(ARGV[2])
if gap_end > 0 then
  low = math.max(low, gap_end)
  call('HDEL', seen, 'gap_owner', 'gap_until')
end
call('ZREMRANGEBYSCORE', acked, '-inf', low)
local head = call('ZRANGE', acked, 0, 999)
while head[1] == tostring(low + 1) do
  for _, n in ipairs(head) do
    if tonumber(n) ~= low + 1 then break end
    low = low + 1
  end
  call('ZREMRANGEBYSCORE', acked, '-inf', low)
  head = call('ZRANGE', acked, 0, 999)
end
call('HSET', seen, 'low', low)
return low
