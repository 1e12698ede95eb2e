-- When this run of Redis was first met here, if another one was before it; else 0. A Redis that was
-- started anew, or took another one's place, may have lost what was done last.
local function met()
  local info = redis.pcall('INFO', 'server')
  local id = type(info) == 'string' and string.match(info, 'run_id:(%x+)')
  if not id then return 0 end
  local known, at = string.match(redis.call('GET', run) or '', '^(%x+) (.+)$')
  if known ~= id then
    at = known and exact(now) or '0'
    redis.call('SET', run, id .. ' ' .. at)
  end
  stay(run)
  return tonumber(at)
end
