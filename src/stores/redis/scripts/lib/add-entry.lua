-- Puts one line into history: in order of time, a reply ('1') behind what people said ('0') at the
-- same time, then by id. More than `keep` are not kept: the oldest go.
local function put(message, reply, at, record)
  redis.call('ZADD', order, at, reply .. message)
  redis.call('HSET', entries, message, record)
  local surplus = redis.call('ZCARD', order) - keep
  if surplus > 0 then
    for _, member in ipairs(redis.call('ZRANGE', order, 0, surplus - 1)) do
      redis.call('HDEL', entries, string.sub(member, 2))
    end
    redis.call('ZREMRANGEBYRANK', order, 0, surplus - 1)
  end
  -- What nobody sweeps, because nobody runs any more, goes by itself.
  redis.call('PEXPIRE', order, retentionMs + 86400000)
  redis.call('PEXPIRE', entries, retentionMs + 86400000)
  note_due(at)
end
