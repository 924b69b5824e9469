-- Acceptance of jobs of the API: straight to where they wait.
-- `order` is a table: 1 job id   2 spec   3 problemId   4 key of the problem's index   5 language
--   6 lane   7 not before, ms   8 not before so many ms from now   then what is '' unless asked for:
--   9 seconds to keep the result   10 1 to keep the source   11 URL to tell of its end
local ORDER_FIELDS = 11
local routes = {}             -- by language, those that were looked up

-- The caller counts it first, which a full memory refuses: then nothing at all happens; `n` is the
-- number of its turn. Returns where the job is ready, if it is; to note it in its problem's index is the caller's.
local function accept(order, owner, batch, n, now)
  local id = order[1]
  local route = routes[order[5]] or call('HGET', K.languages, order[5]) or order[5]
  routes[order[5]] = route
  local name, due = order[6] .. ':' .. route, math.max(tonumber(order[7]), now + order[8])
  local ready = due <= now
  local fields = {'state', 'queued', 'place', ready and 'ready' or 'later', ready and 'list' or 'due',
    ready and name or due, 'spec', order[2], 'problemId', order[3], 'language', order[5], 'lane', order[6],
    'route', route, 'queued', now}
  local asked = {'owner', owner, 'batch', batch, 'ttl', order[9], 'keep_source', order[10], 'callback', order[11]}
  for i = 1, #asked, 2 do
    if asked[i + 1] ~= '' then
      fields[#fields + 1] = asked[i]
      fields[#fields + 1] = asked[i + 1]
    end
  end
  call('HSET', K.job .. id, unpack(fields))
  if ready then
    make_ready(id, name, next_turn(name, owner, n))
    return name
  end
  call('ZADD', K.later, due, id)
end
