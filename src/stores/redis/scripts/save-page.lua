-- Records a page of the running reply. Returns 1, or 0 if the claim is lost.
-- KEYS turn pages
-- ARGV turnId token index record idleTtlMs
-- WITH extend-ttl owns-claim
if not owns_claim then return 0 end
-- A deletion first: a full Redis allows what follows it in the same script.
redis.call('HDEL', pages, index)
redis.call('HSET', pages, index, record)
extend_ttl(pages)
return 1
