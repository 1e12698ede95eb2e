-- Removes a waiting question. Without another one, only the running turn is left to do.
local function dequeue(message)
  redis.call('ZREM', queue, message)
  redis.call('HDEL', questions, message)
  if redis.call('EXISTS', queue) == 1 then return end
  if redis.call('EXISTS', turn) == 1 then
    redis.call('HDEL', turn, 'nextSince')
  else
    redis.call('ZREM', ready, conversation)
  end
end
