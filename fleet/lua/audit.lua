-- include: _ready
-- audit: the conservation law in one atomic step. Only reads; takes time on a long queue.
-- Returns {accepted, done, public, inbox, ready, later, leased, missing, doubled}
-- Every accepted job is either done or found in exactly one place. Foreign items count as accepted
-- once they are taken in.
local found, doubled, seen = 0, 0, {}

local function see(id)
  if seen[id] or call('HGET', K.job .. id, 'place') == 'done' then
    doubled = doubled + 1
  else
    found = found + 1
  end
  seen[id] = true
end

-- Raw items: how many there are, tokens aside.
local function look(key)
  local items = 0
  for _, text in ipairs(call('LRANGE', key, 0, -1)) do
    if not string.match(text, WAKE) then
      items = items + 1
    end
  end
  return items
end

local public, inbox, ready = look(K.public), 0, 0
for _, worker in ipairs(call('ZRANGE', K.workers, 0, -1)) do
  inbox = inbox + look(K.inbox .. worker)
end
for _, name in ipairs(call('ZRANGE', K.clocks, 0, -1)) do
  for _, id in ipairs(call('ZRANGE', K.ready .. name, 0, -1)) do
    see(id)
    ready = ready + 1
  end
end
local places = {}
for i, key in ipairs({K.later, K.leases}) do
  local ids = call('ZRANGE', key, 0, -1)
  places[i] = #ids
  for _, id in ipairs(ids) do
    see(id)
  end
end

local known = call('HMGET', K.count, 'enqueued', 'adopted', 'done')
local accepted = tonumber(known[1] or 0) + tonumber(known[2] or 0)
local done = tonumber(known[3] or 0)
return {accepted, done, public, inbox, ready, places[1], places[2], accepted - done - found, doubled}
