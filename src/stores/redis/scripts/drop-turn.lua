-- Drops a turn of which no question can be read, so that it is not tried for ever. Returns 1, or 0
-- if the claim is lost.
-- KEYS turn queue asking questions pages ready leased turns
-- ARGV conversation turnId token idleTtlMs
-- WITH clock extend-ttl owns-claim
if not owns_claim then return 0 end
local since = redis.call('HGET', turn, 'nextSince')
for _, message in ipairs(redis.call('ZRANGE', asking, 0, -1)) do
  redis.call('HDEL', questions, message)
end
redis.call('DEL', turn, asking, pages)
redis.call('HDEL', turns, conversation)
redis.call('ZREM', leased, conversation)
if redis.call('EXISTS', queue) == 1 then
  redis.call('ZADD', ready, since or now, conversation)
  extend_ttl(ready)
end
return 1
