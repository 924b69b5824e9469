-- include: _ready _admission _accept
-- enqueue_batch: accept all jobs of a batch, or none. The same batch again changes nothing.
-- ARGV  1 to 7 see _admission   8 batch id   9 URL to tell of its end, or ''
--       then its orders one after another, see _accept
-- Returns what _admission says; the position is 0
local FIRST, CHUNK = 10, 1000
local id, batch = ARGV[8], K.batch .. ARGV[8]
local total = (#ARGV - FIRST + 1) / ORDER_FIELDS

local function nowhere()
  return 0
end

local sent = sent_before(id, call('HGET', batch, 'queued'), nowhere) or refusal(total)
if sent then
  return sent
end

count_in(id, total)
call('HSET', batch, 'owner', OWNER, 'total', total, 'done', 0, 'queued', now)
if ARGV[9] ~= '' then
  call('HSET', batch, 'callback', ARGV[9])
end
local ids, newest, ready = {}, {}, 0
for first = FIRST, #ARGV, ORDER_FIELDS do
  local order = {unpack(ARGV, first, first + ORDER_FIELDS - 1)}
  ready = ready + (accept(order, OWNER, id, turns_before + #ids + 1, now) and 1 or 0)
  ids[#ids + 1] = order[1]
  newest[order[4]] = newest[order[4]] or {}
  table.insert(newest[order[4]], order[1])
end
for first = 1, #ids, CHUNK do
  call('RPUSH', K.batch_jobs .. id, unpack(ids, first, math.min(first + CHUNK - 1, #ids)))
end
for index, of_problem in pairs(newest) do
  note_newest(index, of_problem, ARGV[3])
end
if ready > 0 then
  waiting = waiting + ready
  wake_for_new(token)
end
return answer('ok', id, now, 0)
