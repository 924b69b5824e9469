-- The ready lanes: where jobs wait to be claimed, and how sleeping workers learn of them.
local LANES = {'high', 'normal', 'low'}
local IS_LANE = {high = true, normal = true, low = true}
local ANY = '*'               -- the language of jobs that need a verdict and no run
local WAKE = '^{"v":1,"wake":(%d%d?%d?%d?%d?)}$'

local function make_ready(id, lane, language, front)
  local name = lane .. ':' .. language
  call('SADD', K.lanes, name)
  call(front and 'LPUSH' or 'RPUSH', K.ready .. name, id)
  call('HSET', K.job .. id, 'place', 'ready')
end

-- Put a job that was leased or waited for its retry back to the front of its own lane.
local function requeue(id)
  local job = K.job .. id
  local known = call('HMGET', job, 'lane', 'route', 'crashes')
  if not known[1] then
    return false
  end
  local spent = tonumber(known[3] or 0) >= CRASHES_MAX
  call('HSET', job, 'state', 'queued')
  call('HDEL', job, 'fence', 'worker', 'started', 'running')
  make_ready(id, known[1], spent and ANY or known[2], true)
  call('PUBLISH', K.progress_channel, id)
  return true
end

local function ready_total()
  local total = 0
  for _, name in ipairs(call('SMEMBERS', K.lanes)) do
    total = total + call('LLEN', K.ready .. name)
  end
  return total
end

-- An idle worker sleeps on the public list only. Whenever a script leaves ready work and that list
-- empty, it pushes a token there, which wakes one sleeper. Who cannot take any of the work hands
-- the token on, at most as often as there are workers. A token is no job, and a forged one only
-- makes a worker look.
local function wake(hops)
  if hops > 0 and call('LLEN', K.public) == 0 and ready_total() > 0 then
    call('LPUSH', K.public, '{"v":1,"wake":' .. math.min(hops, 99999) .. '}')
  end
end

local function wake_someone()
  wake(math.max(call('ZCARD', K.workers), 1))
end

-- Items go back to the right end in their order: the oldest lies at the right of an inbox.
local function return_inbox(worker)
  local returned = 0
  while call('LMOVE', K.inbox .. worker, K.public, 'LEFT', 'RIGHT') do
    returned = returned + 1
  end
  return returned
end
