-- Lists questions as being answered that neither `queue` nor `asking` lists, as an eviction deleted
-- the list: they would never be answered, and count as open for as long as they are kept.
local function requeue_unlisted()
  local listed = redis.call('ZCARD', queue) + redis.call('ZCARD', asking)
  if redis.call('HLEN', questions) <= listed then return end
  local found = redis.call('HGETALL', questions)
  for i = 1, #found, 2 do
    if not redis.call('ZSCORE', queue, found[i]) then
      local decoded, question = pcall(cjson.decode, found[i + 1])
      local at = decoded and type(question) == 'table' and tonumber(question.at) or 0
      redis.call('ZADD', asking, exact(at), found[i])
    end
  end
  extend_ttl(asking)
end
