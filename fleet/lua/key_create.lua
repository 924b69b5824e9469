-- include: _keys
-- key_create: store an API key.
-- ARGV  1 id   2 name   3 scopes, with blanks between   4 jobs a minute   5 open jobs (0: no bound)
--       6 SHA-256 of its secret   7 seconds it lasts, 0 for ever   8 most keys
-- Returns 1 stored, 0 there are as many as there may be, -1 another key has the id
-- Sent again, it answers the same again.
local id, digest = ARGV[1], ARGV[6]
local key = K.api_key .. id
local known = call('HGET', key, 'digest')
if known then
  return known == digest and 1 or -1
end
if #living_keys() >= tonumber(ARGV[8]) then
  return 0
end

call('HSET', key, 'name', ARGV[2], 'scopes', ARGV[3], 'jobs_per_minute', ARGV[4], 'open_max', ARGV[5],
  'digest', digest, 'created_ms', now_ms())
if ARGV[7] ~= '0' then
  call('EXPIRE', key, ARGV[7])
end
call('SADD', K.api_keys, id)
return 1
