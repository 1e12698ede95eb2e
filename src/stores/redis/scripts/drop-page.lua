-- Forgets a page of the running reply. Gives 1, or 0 if the claim is lost.
-- KEYS turn pages
-- ARGV id mark index
-- WITH owns-claim
if not mine then return 0 end
redis.call('HDEL', pages, index)
return 1
