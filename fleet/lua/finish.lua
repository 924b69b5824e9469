-- include: _lease _deliveries _finish
-- finish: store the result, free the job and announce it. All or nothing; works on a full memory.
-- ARGV  1 job id   2 fence   3 to 6 how it ends, see ending
--       7 1 for a dead letter   8 most bytes of a result that a full memory takes
-- Returns ok | already (an earlier sending of this call arrived) | stale (the lease is lost)
--         | full (nothing was done: send the result again, shorter)
local how = standing(ARGV[1], ARGV[2])
if how == 'held' then
  if #ARGV[3] > tonumber(ARGV[8]) and memory_full() then
    return 'full'
  end
  end_job(ARGV[1], ARGV[2], ending(3), ARGV[7] == '1')
  return 'ok'
end
return how == 'done' and 'already' or 'stale'
