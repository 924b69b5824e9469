-- Whether `fence` holds the job ('held'), or how the lease with this very fence ended.
local function standing(id, fence)
  local known = call('HMGET', K.job .. id, 'place', 'fence', 'past', 'past_how')
  if known[1] == 'leased' and known[2] == fence then
    return 'held'
  end
  return known[3] == fence and known[4] or 'stale'
end
