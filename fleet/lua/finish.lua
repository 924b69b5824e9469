-- include: _finish
-- finish: store the result, free the job and announce it. All or nothing; works on a full memory.
-- ARGV  1 job id   2 fence   3 result, JSON   4 event, JSON without its number   5 retention, s
--       6 1 for a dead letter   7 most bytes of a result that a full memory takes
-- Returns ok | already (an earlier sending of this call arrived) | stale (the lease is lost)
--         | full (nothing was done: send the result again, shorter)
local how = standing(ARGV[1], ARGV[2])
if how == 'held' then
  if #ARGV[3] > tonumber(ARGV[7]) and memory_full() then
    return 'full'
  end
  end_job(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5], ARGV[6] == '1')
  return 'ok'
end
return how == 'done' and 'already' or 'stale'
