-- key_revoke: forget an API key. Works on a full memory.
-- ARGV  1 id   2 nonce of this call
-- Returns 1 forgotten, 0 there was none
-- For a minute the key remembers the call, so that it is answered the same when it is sent again.
local REMEMBER_S = 60
local key, nonce = K.api_key .. ARGV[1], ARGV[2]
local known = call('HMGET', key, 'digest', 'revoked')
if not known[1] then
  return known[2] == nonce and 1 or 0
end

call('SREM', K.api_keys, ARGV[1])  -- first write, allowed on a full memory; the rest then is, too
call('DEL', key)
call('HSET', key, 'revoked', nonce)
call('EXPIRE', key, REMEMBER_S)
return 1
