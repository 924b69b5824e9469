-- key_find: what is known of an API key. Reads only.
-- ARGV  1 id
-- Returns {} unknown, else {name, scopes, jobs a minute, open jobs, created ms, digest of its secret,
--          digest of the secret before, empty once its time is over}
local found = call('HMGET', K.api_key .. ARGV[1],
  'name', 'scopes', 'jobs_per_minute', 'open_max', 'created_ms', 'digest', 'previous', 'previous_until_ms')
if not found[6] then
  return {}
end
local before = tonumber(found[8] or 0) > now_ms() and found[7] or ''
return {found[1], found[2], found[3], found[4], found[5], found[6], before}
