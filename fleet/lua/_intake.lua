-- Intake: from raw items to jobs in their lanes. Nothing here may fail once an item is popped:
-- Redis does not roll back, and the item would be lost. Whatever a text holds is data.
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

-- Make a job of a text. One that names a jobId of its own asks to run once however often it is
-- pushed: its id comes from the whole text, so that it can never be the id of a different job. Any
-- other gets an id nobody can foresee. It is nobody's. Returns the language it waits for, or nil if
-- it is a repeat.
local function adopt(text, now, intake)
  local found = {problem = '', lane = 'normal', language = '', route = ANY, named = false}
  local size = #text
  if size <= intake.item_bytes_max then
    decode(text, found)
  end
  local id
  if found.named then
    id = string.sub(redis.sha1hex('foreign:' .. text), 1, 32)
    if call('EXISTS', K.job .. id) == 1 then
      count('repeated')
      return nil
    end
  end
  local adopted = count('adopted')
  id = id or string.sub(redis.sha1hex(intake.nonce .. ':' .. adopted), 1, 32)
  local job = K.job .. id
  local name = found.lane .. ':' .. found.route
  call('HSET', job, 'place', 'ready', 'list', name, 'state', 'queued', 'queued', now,
    'problemId', found.problem, 'language', found.language, 'lane', found.lane, 'route', found.route)
  if size <= intake.item_bytes_max then
    call('HSET', job, 'spec', text)
  else
    call('HSET', job, 'spec', '', 'oversize', size)
  end
  if found.problem ~= '' then
    note_newest(K.by_problem .. redis.sha1hex(found.problem), {id}, intake.retention_s)
  end
  intake.turns = intake.turns and intake.turns + 1 or select(2, ready_total())
  make_ready(id, name, next_turn(name, '', intake.turns))
  return found.route
end

-- Take one raw item in. Returns the language it waits for, or nil if it added nothing.
local function take_in(text, now, intake)
  if string.match(text, WAKE) then
    intake.token = true
    return nil
  end
  return adopt(text, now, intake)
end
