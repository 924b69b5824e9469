-- The ready lanes: where jobs wait to be claimed, in whose turn, and how sleeping workers learn of them.
local LANES = {'high', 'normal', 'low'}
local IS_LANE = {high = true, normal = true, low = true}
local ANY = '*'               -- the language of jobs that need a verdict and no run
local TOKEN = '{"v":1,"wake":1}'
local WAKE = '^{"v":1,"wake":%d%d?%d?%d?%d?}$'
local TIE = 1 / 65536

-- Fair share is start-time fair queuing: the jobs of a lane and language are claimed in the order of
-- their turns. An owner's next job gets the turn after its last one, or after the one that was claimed
-- last, whichever is later: so a thousand jobs of one owner hold up a job of another for one turn.
-- Jobs that would share a turn come in the order in which they were given it, told by their numbers `n`.

-- The turn a ready set has come to.
local function clock_of(name)
  local clock = call('ZSCORE', K.clocks, name)
  if not clock then
    call('ZADD', K.clocks, 0, name)
  end
  return tonumber(clock or 0)
end

-- What was read: a script that makes many jobs ready reads it once. A clock goes on when a claim has
-- done everything else.
local clocks_read, last_turns = {}, {}

local function next_turn(name, owner, n)
  local mine = name .. ':' .. owner
  clocks_read[name] = clocks_read[name] or clock_of(name)
  local last = last_turns[mine] or tonumber(call('ZSCORE', K.turns .. name, owner) or 0)
  local turn = math.floor(math.max(clocks_read[name], last)) + 1 + n % (1 / TIE) * TIE
  call('ZADD', K.turns .. name, turn, owner)
  last_turns[mine] = turn
  return turn
end

-- How many jobs are ready is counted: there may be many sets to ask.
local function make_ready(id, name, turn)
  count('ready', call('ZADD', K.ready .. name, turn, id))
end

-- And how many were given a turn, so to say: those enqueued, taken in, or due so far.
local function ready_total()
  local known = call('HMGET', K.count, 'ready', 'enqueued', 'adopted', 'due')
  return tonumber(known[1] or 0), tonumber(known[2] or 0) + tonumber(known[3] or 0) + tonumber(known[4] or 0)
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
    count('due')
    turn = next_turn(name, known[6] or '', select(2, ready_total()))
  elseif known[4] ~= name then
    turn = clock_of(name)
  end
  make_ready(id, name, turn)
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
  count('ready', -call('ZREM', ready, id))
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

-- Raw items that nobody has taken yet, and whether a token is among them.
local function public_total()
  local items = call('LLEN', K.public)
  local token = items > 0 and token_waits()
  return token and items - 1 or items, token
end

-- Announce a job that was enqueued just now; with `token` there is one already.
local function wake_for_new(token)
  if not token then
    call('LPUSH', K.public, TOKEN)
  end
end

local function wake_someone()
  call('HSET', K.count, 'hops', 0)
  wake_for_new(token_waits())
end

local function hand_token_on()
  local known = call('HMGET', K.count, 'hops', 'hops_at', 'enqueued')
  local hops = (known[2] == known[3] and tonumber(known[1] or 0) or 0) + 1  -- a new job is new work
  call('HSET', K.count, 'hops', hops, 'hops_at', known[3] or '')
  if hops < call('ZCARD', K.workers) and ready_total() > 0 then
    wake_for_new(token_waits())
  end
end

-- Items go back to the right end in their order: the oldest lies at the right of an inbox.
local function return_inbox(worker)
  local returned = 0
  while call('LMOVE', K.inbox .. worker, K.public, 'LEFT', 'RIGHT') do
    returned = returned + 1
  end
  return returned
end
