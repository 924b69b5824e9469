-- events_read: the next finished jobs for one consumer of a group.
-- ARGV  1 group   2 consumer   3 most entries   4 idle ms after which a peer's entry is taken over
--       5 1: first what this very consumer left unacknowledged
-- Returns {entries {stream id, n, event}, repeats dropped, gaps {first, last}}
-- Numbers have no gaps. `low`: everything up to it was acknowledged or reported as missing. A number
-- above `low` that is neither acknowledged, nor waiting to be, nor yet to be delivered, is gone.
local GAP_LEASE_MS = 30000    -- one consumer reports a gap; if it dies, another does after this
local group, consumer, most = ARGV[1], ARGV[2], ARGV[3]
local seen, acked, now = K.seen .. group, K.acked .. group, now_ms()

allow_full_memory()
local function read_group(from)
  local got = redis.pcall('XREADGROUP', 'GROUP', group, consumer, 'COUNT', most, 'STREAMS', K.events, from)
  if got and got.err then
    -- The stream or the group was deleted: begin again at its first entry; repeats are known by number.
    call('XGROUP', 'CREATE', K.events, group, '0', 'MKSTREAM')
    got = call('XREADGROUP', 'GROUP', group, consumer, 'COUNT', most, 'STREAMS', K.events, from)
  end
  return got and got[1] and got[1][2] or {}
end

local rows = {}
if ARGV[5] == '1' then
  rows = read_group('0')
end
if #rows == 0 then
  rows = read_group('>')
  local taken = call('XAUTOCLAIM', K.events, group, consumer, ARGV[4], '0-0', 'COUNT', most)
  for _, row in ipairs(taken[2]) do
    table.insert(rows, row)
  end
end

-- Numbers that went back (a server restored from an older state) are new numbers.
local known = call('HMGET', seen, 'low', 'last', 'gap_owner', 'gap_until')
local low, last = tonumber(known[1] or 0), tonumber(known[2] or 0)
local latest = tonumber(call('HGET', K.count, 'events') or 0)
if math.max(low, last) > latest then
  low, last = 0, 0
  call('DEL', seen, acked)
end

local entries, repeats, here = {}, 0, {}
for _, row in ipairs(rows) do
  local fields = type(row) == 'table' and type(row[2]) == 'table' and row[2] or {}
  local n = fields[1] == 'n' and tonumber(fields[2]) or nil
  if not n then
    if type(row) == 'table' then call('XACK', K.events, group, row[1]) end  -- deleted meanwhile
  elseif here[n] ~= row[1] then
    if here[n] or n <= low or call('ZSCORE', acked, n) then
      call('XACK', K.events, group, row[1])
      repeats = repeats + 1
    else
      here[n] = row[1]
      last = math.max(last, n)
      entries[#entries + 1] = {row[1], n, fields[4]}
    end
  end
end
if #entries > 0 then
  call('HSET', seen, 'low', low, 'last', last)
end

-- Everything below the oldest unacknowledged entry, or up to the last delivered, is settled.
local settled = last
local pending = call('XPENDING', K.events, group, '-', '+', 1)
while #pending > 0 do
  local id = pending[1][1]
  local row = call('XRANGE', K.events, id, id)[1]
  if row then
    settled = tonumber(row[2][2]) - 1
    break
  end
  call('XACK', K.events, group, id)  -- trimmed before anyone wrote it
  pending = call('XPENDING', K.events, group, '-', '+', 1)
end

local gaps = {}
local mine = known[3] == consumer or tonumber(known[4] or 0) < now
if settled > low and mine then
  local expected = low + 1
  for _, n in ipairs(call('ZRANGEBYSCORE', acked, low + 1, settled)) do
    n = tonumber(n)
    if n > expected then
      gaps[#gaps + 1] = {expected, n - 1}
    end
    expected = n + 1
  end
  if settled >= expected then
    gaps[#gaps + 1] = {expected, settled}
  end
  if #gaps > 0 then
    call('HSET', seen, 'gap_owner', consumer, 'gap_until', now + GAP_LEASE_MS)
  end
end
return {entries, repeats, gaps}
