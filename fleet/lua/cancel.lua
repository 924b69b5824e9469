-- include: _ready _deliveries _finish
-- cancel: end a job that nobody runs, or ask its worker to stop it. Works on a full memory.
-- ARGV  1 job id   2 nonce of this call   then how it ends, see ending
-- Returns cancelled | asked | done (it had ended before) | unknown
local id, nonce, job = ARGV[1], ARGV[2], K.job .. ARGV[1]
local known = call('HMGET', job, 'place', 'list', 'past', 'owner')
local place = known[1]
if not place then
  return 'unknown'
end
if place == 'done' then
  return known[3] == nonce and 'cancelled' or 'done'
end

allow_full_memory()
call('HSET', job, 'cancel', 1)
if place == 'leased' then
  call('PUBLISH', K.cancel_channel, id)
  return 'asked'
end
if place == 'later' then
  call('ZREM', K.later, id)
else
  take_away(id, known[2], known[4] or '')
end
end_job(id, nonce, ending(3), false)
return 'cancelled'
