-- When this run of the Redis server was first noted, if another run was before it; else 0. A server
-- that was restarted, or took another one's place, may have lost its last writes.
local function restarted_at()
  local info = redis.pcall('INFO', 'server')
  local id = type(info) == 'string' and string.match(info, 'run_id:(%x+)')
  if not id then return 0 end
  local noted, at = string.match(redis.call('GET', run) or '', '^(%x+) (.+)$')
  if noted ~= id then
    at = noted and exact(now) or '0'
    redis.call('SET', run, id .. ' ' .. at)
  end
  extend_ttl(run)
  return tonumber(at)
end
