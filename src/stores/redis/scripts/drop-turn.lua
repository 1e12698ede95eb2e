-- Drops a turn none of whose questions can be read any more, so that nobody tries it for ever.
-- Gives 1, or 0 if the claim is lost.
-- KEYS turn queue asking questions pages ready leased turns
-- ARGV conversation id mark stayMs
-- WITH clock extend-ttl owns-claim
if not mine then return 0 end
local since = redis.call('HGET', turn, 'nextSince')
for _, message in ipairs(redis.call('ZRANGE', asking, 0, -1)) do
  redis.call('HDEL', questions, message)
end
redis.call('DEL', turn, asking, pages)
redis.call('HDEL', turns, conversation)
redis.call('ZREM', leased, conversation)
if redis.call('EXISTS', queue) == 1 then
  redis.call('ZADD', ready, since or now, conversation)
  stay(ready)
end
return 1
