-- define: store what the jobs of a problem are judged by, in place of what was stored before.
-- ARGV  1 key of the problem   2 nonce of this call   3 digest   4 definition, JSON
--       5 most problems   6 most bytes of all definitions together
-- Returns {1 new, 2 replaced, or 0 full: nothing was stored; problems; bytes of all definitions}
-- Sent again with the same nonce, it stores and answers the same again.
local key, nonce, definition = ARGV[1], ARGV[2], ARGV[4]
local known = call('HMGET', key, 'nonce', 'digest')
local before = known[2] and call('HSTRLEN', key, 'definition') or 0
local problems = call('SCARD', K.problems) + (known[2] and 0 or 1)
local bytes = tonumber(call('HGET', K.count, 'defined_bytes') or 0) + #definition - before
local grows = not known[2] or #definition > before

if grows and (problems > tonumber(ARGV[5]) or bytes > tonumber(ARGV[6])) then
  return {0, problems, bytes}
end

-- First write, and one that a full memory refuses: then nothing at all happens.
call('HSET', key, 'digest', ARGV[3], 'definition', definition)
call('SADD', K.problems, key)
call('HSET', K.count, 'defined_bytes', bytes)
if known[1] ~= nonce then
  call('HSET', key, 'nonce', nonce, 'new', known[2] and 0 or 1)
  call('PERSIST', key)
end
return {call('HGET', key, 'new') == '1' and 1 or 2, problems, bytes}
