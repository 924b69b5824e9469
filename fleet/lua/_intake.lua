-- Intake: from raw items to jobs in their lanes. Nothing here may fail once an item is popped:
-- Redis does not roll back, and the item would be lost. Whatever a text holds is data.
local KNOWN = '^{"v":1,"jobId":"(%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x%x)",'
local KNOWN_BYTES_MAX = 4096  -- the API's own items are shorter
local PROBLEM_BYTES_MAX = 512
local LANGUAGE_BYTES_MAX = 64

-- Into `found` what a foreign text says, as far as it can be believed.
local function decode(text, found)
  local ok, said = pcall(cjson.decode, text)
  if not ok or type(said) ~= 'table' then
    return
  end
  if type(said.problemId) == 'string' and #said.problemId <= PROBLEM_BYTES_MAX then
    found.problem = said.problemId
  end
  if type(said.priority) == 'string' and IS_LANE[said.priority] then
    found.lane = said.priority
  end
  if type(said.language) == 'string' and #said.language <= LANGUAGE_BYTES_MAX then
    found.language = said.language
    found.route = call('HGET', K.languages, said.language) or ANY
  end
  found.named = type(said.jobId) == 'string'
end

-- Make a job of a text that no enqueue wrote. A text that names a jobId of its own asks to run
-- once however often it is pushed: its id comes from the whole text, so that it can never be the
-- id of a different job. Any other gets an id nobody can foresee. Returns the language it waits
-- for, or nil if it is a repeat.
local function adopt(text, now, intake)
  local found = {problem = '', lane = 'normal', language = '', route = ANY, named = false}
  local size = #text
  if size <= intake.item_bytes_max then
    decode(text, found)
  end
  local id, digest = nil, ''
  if found.named then
    digest = redis.sha1hex(text)
    id = string.sub(redis.sha1hex('foreign:' .. text), 1, 32)
    if call('EXISTS', K.job .. id) == 1 then
      count('repeated')
      return nil
    end
  end
  local adopted = count('adopted')
  id = id or string.sub(redis.sha1hex(intake.nonce .. ':' .. adopted), 1, 32)
  local job = K.job .. id
  call('HSET', job, 'state', 'queued', 'origin', 'foreign', 'digest', digest, 'queued', now,
    'problemId', found.problem, 'language', found.language, 'lane', found.lane, 'route', found.route)
  if size <= intake.item_bytes_max then
    call('HSET', job, 'spec', text)
  else
    call('HSET', job, 'spec', '', 'oversize', size)
  end
  if found.problem ~= '' then
    local index = K.by_problem .. redis.sha1hex(found.problem)
    call('LPUSH', index, id)
    call('LTRIM', index, 0, 99)
    call('EXPIRE', index, intake.retention_s)
  end
  make_ready(id, found.lane, found.route)
  return found.route
end

-- Take one raw item in. Returns the language it waits for, or nil if it added nothing.
local function take_in(text, now, intake)
  local hops = string.match(text, WAKE)
  if hops then
    intake.hops = math.max(intake.hops, tonumber(hops))
    return nil
  end
  local id = #text <= KNOWN_BYTES_MAX and string.match(text, KNOWN)
  if id then
    local known = call('HMGET', K.job .. id, 'digest', 'place', 'lane', 'route')
    if known[1] and known[1] == redis.sha1hex(text) then
      if known[2] ~= 'public' then
        count('repeated')
        return nil
      end
      make_ready(id, known[3], known[4])
      return known[4]
    end
  end
  return adopt(text, now, intake)
end
