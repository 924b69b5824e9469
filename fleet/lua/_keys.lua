-- The ids of all API keys. One that expired by itself has left its id behind: it is forgotten here.
local function living_keys()
  local living = {}
  for _, id in ipairs(call('SMEMBERS', K.api_keys)) do
    if call('HEXISTS', K.api_key .. id, 'digest') == 1 then
      living[#living + 1] = id
    else
      call('SREM', K.api_keys, id)
    end
  end
  return living
end
