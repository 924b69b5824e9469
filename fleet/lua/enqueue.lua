-- include: _ready _admission _accept
-- enqueue: accept a job of the API. All or nothing; the same job again changes nothing.
-- ARGV  1 to 7 see _admission   then the order, see _accept
-- Returns what _admission says
local order = {unpack(ARGV, 8)}
local id = order[1]

local sent = sent_before(id, call('HGET', K.job .. id, 'queued'), position_of) or refusal(1)
if sent then
  return sent
end

count_in(id, 1)
local name = accept(order, OWNER, '', turns_before + 1, now)
note_newest(order[4], {id}, ARGV[3])
if not name then
  return answer('ok', id, now, 0)
end
waiting = waiting + 1
wake_for_new(token)
return answer('ok', id, now, call('ZRANK', K.ready .. name, id) + 1)
