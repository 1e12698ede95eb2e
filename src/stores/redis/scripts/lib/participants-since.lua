-- Deletes participants who last asked before a time. Returns when the others last asked, oldest first.
local function participants_since(time)
  local times = {}
  local found = redis.call('HGETALL', people)
  for i = 1, #found, 2 do
    if found[i] ~= 'opened' then
      local at = tonumber(found[i + 1]) or 0
      if at < time then redis.call('HDEL', people, found[i]) else times[#times + 1] = at end
    end
  end
  table.sort(times)
  if #times > 0 then
    redis.call('ZADD', active, times[#times], conversation)
  else
    redis.call('DEL', people)
    redis.call('ZREM', active, conversation)
  end
  return times
end
