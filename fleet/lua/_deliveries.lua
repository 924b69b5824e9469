-- Deliveries: what is to be told to the address a job or batch was sent with, and how that stands.
-- One is `pending` (waits for its next attempt, or a sender has it), `delivered` or `dead`. A receiver
-- is one host of one owner. What is pending lies under its receiver by when it may be sent, receivers
-- under their owner and owners under one key likewise: to find what is due nobody looks past many.
-- What ends a job makes them, so nothing here may fail, and all of it works on a full memory.
local PENDING_MAX = 50000        -- in all; what comes on top is born dead
local PENDING_OWNER_MAX = 10000  -- of one owner
local ENDED_MAX = 10000          -- of those delivered, and of those dead, the newest are kept
local ENDED_OWNER_MAX = 1000     -- of one owner
local PENDING_S = 604800         -- what is not sent by then is forgotten
local TRIMMED_MAX = 100          -- at once

local function delivery_index(state, owner)
  return K.deliveries .. state .. (owner and ':' .. redis.sha1hex(owner) or '')
end

local function forget_delivery(id, state, index)
  local owner = call('HGET', K.delivery .. id, 'owner')
  call('EXPIRE', K.delivery .. id, 0)  -- that is, remove it
  call('ZREM', index, id)
  call('ZREM', delivery_index(state), id)
  if owner then
    call('ZREM', delivery_index(state, owner), id)
  end
end

-- List a delivery under its state, and forget those that nobody may see any more.
local function list_delivery(id, state, owner, now, keep_s)
  local most = {[delivery_index(state)] = ENDED_MAX, [delivery_index(state, owner)] = ENDED_OWNER_MAX}
  for index, ended_max in pairs(most) do
    call('ZADD', index, now, id)
    call('EXPIRE', index, keep_s)
    local old = call('ZRANGEBYSCORE', index, '-inf', now - keep_s * 1000, 'LIMIT', 0, TRIMMED_MAX)
    local over = state == 'pending' and 0 or math.min(call('ZCARD', index) - ended_max, TRIMMED_MAX)
    if over > #old then
      old = call('ZRANGE', index, 0, over - 1)
    end
    for _, other in ipairs(old) do
      forget_delivery(other, state, index)
    end
  end
end

local function due_key(of)
  return K.delivery_due .. ':' .. of
end

-- `name` is due in `key` when the first in its own is.
local function note_due(key, name)
  local first = call('ZRANGE', due_key(name), 0, 0, 'WITHSCORES')
  if first[1] then
    call('ZADD', key, first[2], name)
    call('EXPIRE', key, PENDING_S)
  else
    call('ZREM', key, name)
  end
end

local function owner_of(receiver)
  return string.match(receiver, '^%x+')
end

local function send_at(id, receiver, due)
  call('ZADD', due_key(receiver), due, id)
  call('EXPIRE', due_key(receiver), PENDING_S)
  note_due(due_key(owner_of(receiver)), receiver)
  note_due(K.delivery_due, owner_of(receiver))
end

local function send_no_more(id, receiver)
  call('ZREM', due_key(receiver), id)
  note_due(due_key(owner_of(receiver)), receiver)
  note_due(K.delivery_due, owner_of(receiver))
end

-- Whether an owner may have one more that is pending.
local function may_wait(owner)
  return call('ZCARD', delivery_index('pending')) < PENDING_MAX
    and call('ZCARD', delivery_index('pending', owner)) < PENDING_OWNER_MAX
end

-- Begin with a delivery, for the first time or anew.
local function begin_delivery(id, owner, receiver, now)
  call('HSET', K.delivery .. id, 'state', 'pending', 'attempts', 0, 'updated', now, 'due', now)
  call('EXPIRE', K.delivery .. id, PENDING_S)
  list_delivery(id, 'pending', owner, now, PENDING_S)
  send_at(id, receiver, now)
  call('PUBLISH', K.delivery_channel, id)
end

-- It is delivered, or dead.
local function end_delivery(id, state, now)
  local key = K.delivery .. id
  local known = call('HMGET', key, 'owner', 'receiver', 'keep_s')
  send_no_more(id, known[2])
  call('ZREM', delivery_index('pending'), id)
  call('ZREM', delivery_index('pending', known[1]), id)
  call('HSET', key, 'state', state, 'updated', now)
  call('HDEL', key, 'fence', 'due')
  call('EXPIRE', key, known[3])
  list_delivery(id, state, known[1], now, tonumber(known[3]))
end

-- How attempt `attempt` went: the answer's status (0: there was none), how long it took, and why.
local function note_attempt(id, attempt, now, status, took_ms, reason)
  local said = now .. ' ' .. status .. ' ' .. took_ms .. ' ' .. reason
  call('HSET', K.delivery .. id, 'attempt:' .. attempt, said)
end

local function deliver(event, subject, owner, url, data, at, keep_s)
  local id = string.sub(redis.sha1hex(event .. ':' .. subject), 1, 32)
  local key, now = K.delivery .. id, now_ms()
  if call('EXISTS', key) == 1 then
    return
  end
  local host = string.lower(string.match(url, '^%a+://(%[[^%]]*)') or string.match(url, '^%a+://([^:/?#]*)') or '')
  local receiver = string.sub(redis.sha1hex(owner), 1, 16) .. '-' .. string.sub(redis.sha1hex(host), 1, 16)
  local body = '{"type":"' .. event .. '","timestamp":"' .. at .. '","data":{' .. data .. '}}'
  call('HSET', key, 'event', event, 'subject', subject, 'owner', owner, 'url', url, 'body', body,
    'receiver', receiver, 'created', now, 'keep_s', keep_s)
  if may_wait(owner) then
    begin_delivery(id, owner, receiver, now)
  else
    call('HSET', key, 'attempts', 0)
    note_attempt(id, 0, now, 0, 0, 'never tried: too many deliveries wait')
    end_delivery(id, 'dead', now)
  end
end

-- When a job ended, as the text it was announced with says.
local function ended_at(announced)
  return string.match(announced, '"finishedAt":"(%d+%-%d+%-%d+T[%d:.]+Z)"') or ''
end

-- Tell the end of a job: what was announced of it, and how many of its tests passed.
local function deliver_job(id, owner, url, announced, result, keep_s)
  local data = string.match(announced, '("jobId":.*)}$') or '"jobId":"' .. id .. '"'
  -- Within a string of the result every quote has a backslash before it, so this is no text of a user.
  local begin = string.find(result, ',"tests":{"total":', 1, true)
  local tests = begin and string.match(result, '^,("tests":{["%a:,%d]+})', begin)
  data = data .. (tests and ',' .. tests or '') .. ',"links":{"self":"/jobs/' .. id
    .. '","result":"/result/' .. id .. '"}'
  deliver('job.done', id, owner, url, data, ended_at(announced), keep_s)
end

-- Tell the end of a batch. `fields` are those of its hash, as HGETALL gives them: owner, callback,
-- total, and how many ended as `v:<verdict>`; `announced` is what was announced of its last job.
local function deliver_batch(id, fields, announced, keep_s)
  local known, verdicts = {}, {}
  for i = 1, #fields, 2 do
    known[fields[i]] = fields[i + 1]
    local verdict = string.match(fields[i], '^v:([%l_]+)$')
    if verdict then
      verdicts[#verdicts + 1] = '"' .. verdict .. '":' .. tonumber(fields[i + 1])
    end
  end
  if (known.callback or '') == '' then
    return
  end
  table.sort(verdicts)
  local at, path = ended_at(announced), '/batches/' .. id
  local data = '"batchId":"' .. id .. '","total":' .. tonumber(known.total) .. ',"verdicts":{'
    .. table.concat(verdicts, ',') .. '},"finishedAt":"' .. at .. '","links":{"self":"' .. path
    .. '","results":"' .. path .. '/results"}'
  deliver('batch.done', id, known.owner or '', known.callback, data, at, keep_s)
end
