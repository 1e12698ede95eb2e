-- What waits or is at work goes by itself once nobody was at it for so long.
local function stay(...)
  for _, key in ipairs({ ... }) do redis.call('PEXPIRE', key, stayMs) end
end
