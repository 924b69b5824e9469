-- The ready lanes: where jobs wait to be claimed, in whose turn, and how sleeping workers learn of them.
local LANES = {'high', 'normal', 'low'}
local IS_LANE = {high = true, normal = true, low = true}
local ANY = '*'               -- the language of jobs that need a verdict and no run
local TOKEN = '{"v":1,"wake":1}'
local WAKE = '^{"v":1,"wake":%d%d?%d?%d?%d?}$'
local TIE = 1 / 4096

-- Fair share is start-time fair queuing: the jobs of a lane and language are claimed in the order of
-- their turns. An owner's next job gets the turn after its last one, or after the one that was claimed
-- last, whichever is later: so a thousand jobs of one owner hold up a job of another for one turn.
-- Jobs that would share a turn come in the order in which they were accepted.

-- The turn a ready set has come to.
local function clock_of(name)
  local clock = call('ZSCORE', K.clocks, name)
  if not clock then
    call('ZADD', K.clocks, 0, name)
  end
  return tonumber(clock or 0)
end

-- What was read of ready sets: a script that makes many jobs ready reads it once. Only their tails
-- grow meanwhile; a clock goes on when a claim has done everything else.
local sets_read = {}

local function read_set(name)
  if not sets_read[name] then
    local tail = call('ZREVRANGE', K.ready .. name, 0, 0, 'WITHSCORES')
    sets_read[name] = {clock = clock_of(name), tail = tonumber(tail[2] or 0), last = {}}
  end
  return sets_read[name]
end

local function next_turn(name, owner)
  local set = read_set(name)
  local last = set.last[owner] or tonumber(call('ZSCORE', K.turns .. name, owner) or 0)
  local turn = math.floor(math.max(set.clock, last)) + 1
  if turn <= set.tail then
    local tied = call('ZREVRANGEBYSCORE', K.ready .. name, '(' .. turn + 1, turn, 'WITHSCORES', 'LIMIT', 0, 1)
    turn = tied[2] and math.min(tonumber(tied[2]) + TIE, turn + 1 - TIE) or turn
  end
  call('ZADD', K.turns .. name, turn, owner)
  set.last[owner], set.tail = turn, math.max(set.tail, turn)
  return turn
end

-- Put back a job that was leased or whose time has come. One that had a turn keeps it, and so is
-- among the first; one that goes to another set than before becomes the first there. One that needs
-- a verdict and no run goes to where any worker takes it.
local function requeue(id)
  local job = K.job .. id
  local known = call('HMGET', job, 'lane', 'route', 'crashes', 'list', 'turn', 'owner', 'cancel')
  if not known[1] then
    return false
  end
  local ends = known[7] or tonumber(known[3] or 0) >= CRASHES_MAX
  local name = known[1] .. ':' .. (ends and ANY or known[2])
  local turn = known[5]
  if not turn then
    turn = next_turn(name, known[6] or '')
  elseif known[4] ~= name then
    turn = clock_of(name)
  end
  call('ZADD', K.ready .. name, turn, id)
  call('HSET', job, 'place', 'ready', 'state', 'queued', 'list', name)
  call('HDEL', job, 'fence', 'worker', 'started', 'running', 'due')
  call('PUBLISH', K.progress_channel, id)
  return true
end

-- Take a job away that waits to be claimed. Its turn is nobody's then: the owner's last is that of its
-- last job that still waits there, as far as that is near.
local NEAR = 200

local function take_away(id, name, owner)
  local ready, turns = K.ready .. name, K.turns .. name
  local turn = call('ZSCORE', ready, id)
  call('ZREM', ready, id)
  if not turn or call('ZSCORE', turns, owner) ~= turn then
    return
  end
  local near = call('ZREVRANGEBYSCORE', ready, turn, '-inf', 'WITHSCORES', 'LIMIT', 0, NEAR)
  local last = #near == 2 * NEAR and near[#near] or nil
  for i = 1, #near, 2 do
    if (call('HGET', K.job .. near[i], 'owner') or '') == owner then
      last = near[i + 1]
      break
    end
  end
  if last then
    call('ZADD', turns, last, owner)
  else
    call('ZREM', turns, owner)
  end
end

-- Where a job waits, 1 for the next of its set; 0 if it waits for its time, or does not wait.
local function position_of(id)
  local known = call('HMGET', K.job .. id, 'place', 'list')
  local rank = known[1] == 'ready' and call('ZRANK', K.ready .. known[2], id)
  return rank and rank + 1 or 0
end

local function ready_total()
  local total = 0
  for _, name in ipairs(call('ZRANGE', K.clocks, 0, -1)) do
    total = total + call('ZCARD', K.ready .. name)
  end
  return total
end

-- An idle worker sleeps on the public list only. A script that leaves ready work pushes a token there,
-- which wakes one sleeper, or keeps the next from sleeping; wherever on the list it is, one is enough.
-- Who cannot take any of the work hands the token on, as often as there are workers since work was
-- last announced. A token is no job, and a forged one only makes a worker look.
-- LPOS compares without a copy: what lies there may be of any size.
local TOKEN_AMONG = 64        -- items from either end; behind more of them there may be a second token

local function token_waits()
  return call('LPOS', K.public, TOKEN, 'RANK', -1, 'MAXLEN', TOKEN_AMONG)
    or call('LPOS', K.public, TOKEN, 'MAXLEN', TOKEN_AMONG)
end

local function push_token()
  if not token_waits() then
    call('LPUSH', K.public, TOKEN)
  end
end

local function wake_someone()
  call('HSET', K.count, 'hops', 0)
  push_token()
end

local function hand_token_on()
  if count('hops') < call('ZCARD', K.workers) and ready_total() > 0 then
    push_token()
  end
end

-- Raw items that nobody has taken yet.
local function public_total()
  local items = call('LLEN', K.public)
  return items > 0 and token_waits() and items - 1 or items
end

-- Items go back to the right end in their order: the oldest lies at the right of an inbox.
local function return_inbox(worker)
  local returned = 0
  while call('LMOVE', K.inbox .. worker, K.public, 'LEFT', 'RIGHT') do
    returned = returned + 1
  end
  return returned
end
