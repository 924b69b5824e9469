-- register: announce a worker; its heartbeat starts. The same again changes nothing.
-- ARGV  1 worker   2 what it announces, JSON   then pairs of a word and the language it means
-- Returns 1
-- A word stays known when its workers are gone: a fleet that restarts must not reject jobs.
allow_full_memory()
call('ZADD', K.workers, now_ms(), ARGV[1])
call('HSET', K.worker .. ARGV[1], 'info', ARGV[2])
for i = 3, #ARGV, 2 do
  call('HSET', K.languages, ARGV[i], ARGV[i + 1])
end
return 1
