-- Forgets a page of the running reply. Returns 1, or 0 if the claim is lost.
-- KEYS turn pages
-- ARGV turnId token index
-- WITH owns-claim
if not owns_claim then return 0 end
redis.call('HDEL', pages, index)
return 1
