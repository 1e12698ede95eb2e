-- Records a page of the running reply. Gives 1, or 0 if the claim is lost.
-- KEYS turn pages
-- ARGV id mark index record stayMs
-- WITH extend-ttl owns-claim
if not mine then return 0 end
-- A deletion first: what follows it in the same script is done even in a store that is full.
redis.call('HDEL', pages, index)
redis.call('HSET', pages, index, record)
stay(pages)
return 1
