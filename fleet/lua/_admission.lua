-- Admission: what was sent before, and what an owner may do now. All of it is asked before the first
-- write and counted after it. The scripts that include this begin with the same arguments:
-- ARGV  1 owner   2 most jobs that may wait   3 retention, s   4 most jobs a minute   5 most open jobs
--       6 key of the idempotency key   7 SHA-1 of the request; 0 and '' are none
-- They answer {ok | repeated, id, when it was queued (ms), jobs that wait, its position among them,
--   jobs left of the rate, s until all of them are}, or one of
--   {full, jobs that wait}   {reused}   {open, open jobs}
--   {rate, s to wait or 0 for ever, jobs left of the rate, s until all of them are}
local ONCE_S = 86400
local MINUTE_MS = 60000
local OWNER, RATE, OPEN_MAX = ARGV[1], tonumber(ARGV[4]), tonumber(ARGV[5])
local SLACK_MS = RATE > 0 and math.min(MINUTE_MS / RATE / 2, 1) or 0  -- of rounded times
local public, token = public_total()
local ready_before, turns_before = ready_total()
local waiting, now = public + ready_before, now_ms()

-- The rate is bounded by GCRA: a job costs its share of a minute, and at most a minute is spent ahead.
local function spent_ms()
  return OWNER ~= '' and RATE > 0 and math.max(tonumber(call('GET', K.rate .. OWNER) or 0) - now, 0) or 0
end

local function allowance()
  local spent = spent_ms()
  return math.max(math.floor((MINUTE_MS - spent + SLACK_MS) * RATE / MINUTE_MS), 0),
    math.ceil(math.max(spent - SLACK_MS, 0) / 1000)
end

local function answer(how, id, queued, position)
  return {how, id, tonumber(queued), waiting, position, allowance()}
end

-- The answer to a request that came before, by its idempotency key or by the `queued` of its subject.
local function sent_before(id, queued, position)
  local sent = ARGV[6] ~= '' and call('GET', ARGV[6])
  if sent then
    local digest, first, at = string.match(sent, '^(%S+) (%x+) (%d+)$')
    if digest ~= ARGV[7] then
      return {'reused'}
    end
    return answer(first == id and 'ok' or 'repeated', first, at, position(first))
  end
  return queued and answer('ok', id, queued, position(id))
end

local function refusal(jobs)
  local all = waiting + call('ZCARD', K.later)
  if all + jobs > tonumber(ARGV[2]) then
    return {'full', all}
  end
  if OWNER == '' then
    return nil
  end
  local open = tonumber(call('HGET', K.open, OWNER) or 0)
  if OPEN_MAX > 0 and open + jobs > OPEN_MAX then
    return {'open', open}
  end
  local late = RATE > 0 and spent_ms() + jobs * MINUTE_MS / RATE - MINUTE_MS - SLACK_MS or 0
  if late > 0 then
    return {'rate', jobs > RATE and 0 or math.ceil(late / 1000), allowance()}
  end
end

-- Count jobs in: the first write, and one that a full memory refuses.
local function count_in(id, jobs)
  count('enqueued', jobs)
  if ARGV[6] ~= '' then
    call('SET', ARGV[6], ARGV[7] .. ' ' .. id .. ' ' .. now, 'EX', ONCE_S)
  end
  if OWNER ~= '' then
    call('HINCRBY', K.open, OWNER, jobs)
    if RATE > 0 then
      local spent = spent_ms() + jobs * MINUTE_MS / RATE
      call('SET', K.rate .. OWNER, now + spent, 'PX', math.ceil(spent))
    end
  end
end
