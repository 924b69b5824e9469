-- undefine: forget what the jobs of a problem are judged by. Works on a full memory.
-- ARGV  1 key of the problem   2 nonce of this call
-- Returns 1 forgotten, 0 there was nothing
-- For a minute the key remembers the call, so that it is answered the same when it is sent again.
local REMEMBER_S = 60
local key, nonce = ARGV[1], ARGV[2]
local known = call('HMGET', key, 'digest', 'nonce')
if not known[1] then
  return known[2] == nonce and 1 or 0
end

local bytes = call('HSTRLEN', key, 'definition')
call('HDEL', key, 'digest', 'definition', 'new')  -- first write, allowed on a full memory; the rest then is, too
call('SREM', K.problems, key)
count('defined_bytes', -bytes)
call('HSET', key, 'nonce', nonce)
call('EXPIRE', key, REMEMBER_S)
return 1
