-- Stores how the turn ended, unless that is stored. Gives 1, or 0 if the claim is lost.
-- KEYS turn
-- ARGV id mark ending says
-- WITH owns-claim
if not mine then return 0 end
-- A deletion first: what follows it in the same script is done even in a store that is full.
redis.call('HDEL', turn, 'full')
if redis.call('HSETNX', turn, 'ending', ending) == 1 then redis.call('HSET', turn, 'says', says) end
return 1
