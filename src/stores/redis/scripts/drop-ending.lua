-- Drops an ending that cannot be read, so that the owner can store another one. Returns 1, or 0 if
-- the claim is lost.
-- KEYS turn
-- ARGV turnId token
-- WITH owns-claim
if not owns_claim then return 0 end
redis.call('HDEL', turn, 'ending', 'says')
return 1
