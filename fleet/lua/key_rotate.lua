-- key_rotate: give an API key another secret. Works on a full memory.
-- ARGV  1 id   2 SHA-256 of the new secret   3 seconds the secret before is good as well
-- Returns 1 done, 0 there is no such key
-- Sent again, it answers the same again.
local key = K.api_key .. ARGV[1]
local digest = call('HGET', key, 'digest')
if not digest then
  return 0
end
if digest ~= ARGV[2] then
  call('HDEL', key, '')  -- first write, allowed on a full memory; the rest then is, too
  call('HSET', key, 'digest', ARGV[2], 'previous', digest, 'previous_until_ms', now_ms() + ARGV[3] * 1000)
end
return 1
