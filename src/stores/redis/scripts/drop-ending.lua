-- Drops an end that cannot be read, so that the owner may store another one. Gives 1, or 0 if the
-- claim is lost.
-- KEYS turn
-- ARGV id mark
-- WITH owns-claim
if not mine then return 0 end
redis.call('HDEL', turn, 'ending', 'says')
return 1
