-- include: _ready _intake
-- claim: take in what was pushed, then lease jobs to a worker. Works on a full memory: what was
-- accepted must come to its end, and taking an item in needs no more than the item itself did.
-- KEYS  1 public list
-- ARGV  1 worker   2 nonce of this call   3 jobs wanted   4 lease, ms   5 most public items to take in
--       6 most bytes of an item   7 retention, s   8... names and aliases of the worker's languages
-- Returns {server ms, then for each job: id, fence, spec, failures, crashes, queued ms, oversize bytes,
--         digest of its problem's definition or ''}
-- Sent again with the same nonce, it gives the same jobs again.
local worker, nonce, want, lease_ms = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local claimed_key, now = K.claimed .. worker, now_ms()
local answer, got, ids = {now}, 0, {}
local BYTES_MAX = 1048576     -- no further item is taken in after this many: others wait for the server
local TURN = {'high', 'high', 'normal', 'high', 'normal', 'high', 'low', 'high', 'normal', 'high'}

-- What the problem of a job is judged by; looked for only if there is any definition at all.
local defined
local function definition_of(problem)
  if not problem or problem == '' then
    return ''
  end
  defined = defined or call('EXISTS', K.problems)
  return defined == 1 and call('HGET', K.problem .. redis.sha1hex(problem), 'digest') or ''
end

local function give(id, fence, known)
  call('ZADD', K.leases, now + lease_ms, id)
  for _, value in ipairs({id, fence, known[2] or '', known[3] or '0', known[4] or '0', known[5] or '0',
      known[6] or '0', definition_of(known[8])}) do
    answer[#answer + 1] = value
  end
  got = got + 1
  ids[#ids + 1] = id
end

local FIELDS = {'place', 'spec', 'fails', 'crashes', 'queued', 'oversize', 'fence', 'problemId'}
local function read(id)
  return call('HMGET', K.job .. id, unpack(FIELDS))
end

-- The jobs an earlier sending of this very call leased; what is no longer wanted goes back.
local function give_again(before)
  for id in string.gmatch(before, ' (%x+)') do
    local known = read(id)
    local fence = known[7]
    if known[1] == 'leased' and fence and string.match(fence, ':(%x+)$') == nonce then
      if got < want then
        give(id, fence, known)
      else
        call('ZREM', K.leases, id)
        requeue(id)
      end
    end
  end
end

allow_full_memory()
local before = call('GET', claimed_key)
if before and string.match(before, '^%x+') == nonce then
  call('PEXPIRE', claimed_key, 2 * lease_ms)
  give_again(before)
  if got > 0 then
    wake_someone()
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
local intake = {nonce = nonce, item_bytes_max = tonumber(ARGV[6]), retention_s = ARGV[7], hops = 0}
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
for _, id in ipairs(call('ZRANGEBYSCORE', K.retry, '-inf', now, 'LIMIT', 0, 16)) do
  call('ZREM', K.retry, id)
  if requeue(id) then
    added, strangers = added + 1, strangers + 1
  end
end

-- My lists, by lane.
local lists = {high = {}, normal = {}, low = {}}
local names = call('SMEMBERS', K.lanes)
table.sort(names)
for _, name in ipairs(names) do
  local lane, language = string.match(name, '^(%l+):(.+)$')
  local length = mine[language] and call('LLEN', K.ready .. name) or 0
  if length > 0 then
    table.insert(lists[lane], {key = K.ready .. name, length = length})
  end
end

-- The next id by turn: six of ten turns belong to the high lane, three to normal, one to low; an
-- empty lane yields its turn to the highest that is not. Within a lane the languages take turns.
local function pop(lane, turn)
  local rows = lists[lane]
  for i = 0, #rows - 1 do
    local row = rows[(math.floor(turn / #TURN) + i) % #rows + 1]
    if row.length > 0 then
      row.length = row.length - 1
      return call('LPOP', row.key)
    end
  end
end
local function pick(turn)
  local id = pop(TURN[turn % #TURN + 1], turn)
  for i = 1, #LANES do
    id = id or pop(LANES[i], turn)
  end
  return id
end

local turn = tonumber(call('HGET', K.count, 'turn') or 0)
while got < want do
  local id = pick(turn)
  if not id then break end
  local known = read(id)
  -- A list entry without a job that waits there (someone edited Redis by hand) is not a job.
  if known[1] == 'ready' then
    turn = turn + 1
    local fence = count('fence') .. ':' .. nonce
    call('HSET', K.job .. id, 'place', 'leased', 'fence', fence, 'worker', worker, 'claimed', now)
    give(id, fence, known)
  end
end
if got > 0 then
  call('HSET', K.count, 'turn', turn)
  call('SET', claimed_key, nonce .. ' ' .. table.concat(ids, ' '), 'PX', 2 * lease_ms)
end

-- Who sleeps beside ready work? Announce what is new; hand an old token on.
local left = 0
for i = 1, #LANES do
  for _, row in ipairs(lists[LANES[i]]) do
    left = left + row.length
  end
end
if strangers > 0 or (left > 0 and added + got > 0) then
  wake_someone()
else
  wake(math.min(intake.hops, call('ZCARD', K.workers)) - 1)
end
return answer
