-- Lists as being answered what is listed nowhere, as an eviction took the list that it was in: else
-- nobody would ever answer it, and it would stay known, and open, for as long as it is kept.
local function relist()
  local listed = redis.call('ZCARD', queue) + redis.call('ZCARD', asking)
  if redis.call('HLEN', questions) <= listed then return end
  local found = redis.call('HGETALL', questions)
  for i = 1, #found, 2 do
    if not redis.call('ZSCORE', queue, found[i]) then
      local fine, question = pcall(cjson.decode, found[i + 1])
      local at = fine and type(question) == 'table' and tonumber(question.at) or 0
      redis.call('ZADD', asking, exact(at), found[i])
    end
  end
  stay(asking)
end
