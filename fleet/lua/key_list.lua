-- include: _keys
-- key_list: all API keys, without what only proves them.
-- Returns {id, name, scopes, jobs a minute, open jobs, created ms,
--          until when the secret before is good, ms or 0, seconds until it expires, -1 never} of each
local listed = {}
for _, id in ipairs(living_keys()) do
  local key = K.api_key .. id
  local found = call('HMGET', key,
    'name', 'scopes', 'jobs_per_minute', 'open_max', 'created_ms', 'previous_until_ms')
  local until_ms = tonumber(found[6] or 0)
  listed[#listed + 1] = {id, found[1], found[2], found[3], found[4], found[5],
    until_ms > now_ms() and until_ms or 0, call('TTL', key)}
end
return listed
