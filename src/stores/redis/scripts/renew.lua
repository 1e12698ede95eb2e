-- Prolongs a lease. Gives 'kept', 'stopping' if somebody wants the turn to end, or 'lost'.
-- KEYS turn leased
-- ARGV conversation id mark leaseMs stayMs
-- WITH clock extend-ttl owns-claim
if not mine then return 'lost' end
redis.call('ZREM', leased, conversation)
redis.call('ZADD', leased, now + leaseMs, conversation)
stay(leased)
local found = redis.call('HMGET', turn, 'stop', 'ending')
return (found[1] and not found[2]) and 'stopping' or 'kept'
