-- Whether a message was taken in before. Questions and history are asked, too, as they may outlive
-- the time for which ids are kept.
local function was_seen(message)
  local at = redis.call('ZSCORE', seen, message)
  if at and tonumber(at) >= now - seenMs then return true end
  return redis.call('HEXISTS', questions, message) == 1 or redis.call('HEXISTS', entries, message) == 1
end

local function mark_seen(message)
  redis.call('ZADD', seen, now, message)
  redis.call('ZREMRANGEBYSCORE', seen, '-inf', now - seenMs - 1)
  redis.call('PEXPIRE', seen, seenMs + 1000)
end
