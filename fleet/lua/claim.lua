-- include: _ready _intake
-- claim: take in what was pushed, then lease jobs to a worker. Works on a full memory: what was
-- accepted must come to its end, and taking an item in needs no more than the item itself did.
-- KEYS  1 public list
-- ARGV  1 worker   2 nonce of this call   3 jobs wanted   4 lease, ms   5 most public items to take in
--       6 most bytes of an item   7 retention, s   8... names and aliases of the worker's languages
-- Returns {server ms, then for each job: id, fence, spec, failures, crashes, queued ms, oversize bytes,
--         digest of its problem's definition or '', owner, 1 if somebody asked to cancel it}
-- Sent again with the same nonce, it gives the same jobs again.
local worker, nonce, want, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local claimed_key, now = K.claimed .. worker, now_ms()
local answer, got, ids = {now}, 0, {}
local BYTES_MAX = 1048576     -- no further item is taken in after this many: others wait for the server
local ROUND = {'high', 'high', 'normal', 'high', 'normal', 'high', 'low', 'high', 'normal', 'high'}

-- What the problem of a job is judged by; looked for only if there is any definition at all.
local defined
local function definition_of(problem, owner)
  if not problem or problem == '' then
    return ''
  end
  defined = defined or call('EXISTS', K.problems)
  return defined == 1 and call('HGET', K.problem .. owned(problem, owner), 'digest') or ''
end

local function give(id, fence, known)
  call('ZADD', K.leases, now + lease_ms, id)
  for _, value in ipairs({id, fence, known[2] or '', known[3] or '0', known[4] or '0', known[5] or '0',
      known[6] or '0', definition_of(known[8], known[9]), known[9] or '', known[10] or '0'}) do
    answer[#answer + 1] = value
  end
  got = got + 1
  ids[#ids + 1] = id
end

local FIELDS = {'place', 'spec', 'fails', 'crashes', 'queued', 'oversize', 'fence', 'problemId', 'owner',
  'cancel'}
local function read(id)
  return call('HMGET', K.job .. id, unpack(FIELDS))
end

-- The jobs an earlier sending of this very call leased; what is no longer wanted goes back.
local function give_again(before)
  local back = false
  for id in string.gmatch(before, ' (%x+)') do
    local known = read(id)
    local fence = known[7]
    if known[1] == 'leased' and fence and string.match(fence, ':(%x+)$') == nonce then
      if got < want then
        give(id, fence, known)
      else
        call('ZREM', K.leases, id)
        back = requeue(id)
      end
    end
  end
  if back then
    wake_someone()
  end
end

allow_full_memory()
local before = call('GET', claimed_key)
if before and string.match(before, '^%x+') == nonce then
  call('PEXPIRE', claimed_key, 2 * lease_ms)
  give_again(before)
  if got > 0 then
    return answer
  end
end
call('SET', claimed_key, nonce, 'PX', 2 * lease_ms)

-- Which languages are mine: by name, or by an alias of a name.
local mine, words = {[ANY] = true}, {unpack(ARGV, 8)}
if #words > 0 then
  local names = call('HMGET', K.languages, unpack(words))
  for i, word in ipairs(words) do
    mine[word] = true
    mine[names[i] or word] = true
  end
end

-- Intake. More than is wanted now, so that a job of a high lane is seen behind a long backlog;
-- each item is taken in once, so this costs nothing in sum.
local intake = {nonce = nonce, item_bytes_max = tonumber(ARGV[6]), retention_s = ARGV[7]}
local added, strangers = 0, 0
local function take(text)
  local language = take_in(text, now, intake)
  if language then
    added = added + 1
    strangers = strangers + (mine[language] and 0 or 1)
  end
end
local text = call('RPOP', K.inbox .. worker)
while text do
  take(text)
  text = call('RPOP', K.inbox .. worker)
end
local bytes = 0
for _ = 1, tonumber(ARGV[5]) do
  text = bytes < BYTES_MAX and call('RPOP', KEYS[1])
  if not text then break end
  bytes = bytes + #text
  take(text)
end
for _, id in ipairs(call('ZRANGEBYSCORE', K.later, '-inf', now, 'LIMIT', 0, 16)) do
  call('ZREM', K.later, id)
  if requeue(id) then
    added, strangers = added + 1, strangers + 1
  end
end

-- My sets, by lane.
local sets = {high = {}, normal = {}, low = {}}
local clocks = call('ZRANGE', K.clocks, 0, -1, 'WITHSCORES')
for i = 1, #clocks, 2 do
  local name = clocks[i]
  local lane, language = string.match(name, '^(%l+):(.+)$')
  local length = mine[language] and call('ZCARD', K.ready .. name) or 0
  if length > 0 then
    table.insert(sets[lane], {name = name, length = length, clock = tonumber(clocks[i + 1])})
  end
end
for i = 1, #LANES do
  table.sort(sets[LANES[i]], function(one, other) return one.name < other.name end)
end

-- The next id and its turn. Six of ten times it is of the high lane, three of normal, one of low; an
-- empty lane gives way to the highest that is not. Within a lane the languages alternate.
local function pop(lane, round)
  local rows = sets[lane]
  for i = 0, #rows - 1 do
    local row = rows[(math.floor(round / #ROUND) + i) % #rows + 1]
    if row.length > 0 then
      row.length, row.moved = row.length - 1, true
      return row, unpack(call('ZPOPMIN', K.ready .. row.name))
    end
  end
end
local function pick(round)
  local row, id, turn = pop(ROUND[round % #ROUND + 1], round)
  for i = 1, #LANES do
    if row then break end
    row, id, turn = pop(LANES[i], round)
  end
  return row, id, turn
end

local round = tonumber(call('HGET', K.count, 'turn') or 0)
while got < want do
  local row, id, turn = pick(round)
  if not id then break end
  local known = read(id)
  -- An entry without a job that waits there (someone edited Redis by hand) is not a job.
  if known[1] == 'ready' then
    round = round + 1
    row.clock = math.max(row.clock, tonumber(turn))
    local fence = count('fence') .. ':' .. nonce
    call('HSET', K.job .. id, 'place', 'leased', 'fence', fence, 'worker', worker, 'claimed', now, 'turn', turn)
    give(id, fence, known)
  end
end

-- The clocks go on; owners that have no later turn are forgotten.
local left = 0
for i = 1, #LANES do
  for _, row in ipairs(sets[LANES[i]]) do
    left = left + row.length
    if row.moved then
      call('ZADD', K.clocks, row.clock, row.name)
      if row.length == 0 then
        call('DEL', K.turns .. row.name)
      else
        call('ZREMRANGEBYSCORE', K.turns .. row.name, '-inf', string.format('%.17g', row.clock))
      end
    end
  end
end
if got > 0 then
  count('ready', -got)
  call('HSET', K.count, 'turn', round)
  call('SET', claimed_key, nonce .. ' ' .. table.concat(ids, ' '), 'PX', 2 * lease_ms)
end

-- Who sleeps beside ready work? Announce what is new; hand an old token on.
if strangers > 0 or (left > 0 and added + got > 0) then
  wake_someone()
elseif intake.token then
  hand_token_on()
end
return answer
