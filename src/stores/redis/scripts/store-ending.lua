-- Stores how the turn ended, unless that is stored. Returns 1, or 0 if the claim is lost.
-- KEYS turn
-- ARGV turnId token ending says
-- WITH owns-claim
if not owns_claim then return 0 end
-- A deletion first: a full Redis allows what follows it in the same script.
redis.call('HDEL', turn, 'full')
if redis.call('HSETNX', turn, 'ending', ending) == 1 then redis.call('HSET', turn, 'says', says) end
return 1
