-- Every script begins with the table K of keys (fleet/keys.py), CRASHES_MAX (fleet/queue.py), this
-- file, and what its first line includes.
-- Times are milliseconds of the server's clock: no client's clock decides anything.
local call = redis.call

local FORGET_MS = 600000      -- a silent worker stays listed, so that a late delivery is collected

local function now_ms()
  local time = call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end

local function count(field, by)
  return call('HINCRBY', K.count, field, by or 1)
end

-- When memory is full Redis refuses a command that may need more of it, but only as the first
-- write of a script. What must work on a full server (all that frees jobs) therefore starts with a
-- write that never needs memory; this one also changes nothing.
local function allow_full_memory()
  call('HDEL', K.count, '')
end

-- Ask before the first write: this one may need memory, and changes nothing either.
local function memory_full()
  local answer = redis.pcall('SETRANGE', K.claimed, 0, '')
  return type(answer) == 'table' and answer.err ~= nil
end

-- The newest jobs of a problem, in the list `index`; `ids` has the newest last.
local NEWEST_MAX = 100
local function note_newest(index, ids, retention_s)
  if call('LPUSH', index, unpack(ids, math.max(#ids - NEWEST_MAX, 0) + 1)) > NEWEST_MAX then
    call('LTRIM', index, 0, NEWEST_MAX - 1)
  end
  call('EXPIRE', index, retention_s)
end

-- The end of a key that belongs to an owner's problem; as in fleet/keys.py.
local function owned(problem, owner)
  local digest = redis.sha1hex(problem)
  return owner and owner ~= '' and owner .. ':' .. digest or digest
end
