-- Renews a lease. Returns 'kept', 'stopping' if the turn is to be stopped, or 'lost'.
-- KEYS turn leased
-- ARGV conversation turnId token leaseMs idleTtlMs
-- WITH clock extend-ttl owns-claim
if not owns_claim then return 'lost' end
-- A deletion first: a full Redis allows what follows it in the same script.
redis.call('ZREM', leased, conversation)
redis.call('ZADD', leased, now + leaseMs, conversation)
extend_ttl(leased)
local found = redis.call('HMGET', turn, 'stop', 'ending')
return (found[1] and not found[2]) and 'stopping' or 'kept'
