-- Marks the running turn as to be stopped. Returns 1, or 0 if none runs or its ending is stored.
-- KEYS turn
-- ARGV conversation channel
local found = redis.call('HMGET', turn, 'id', 'ending')
if not found[1] or found[2] then return 0 end
redis.call('HSET', turn, 'stop', '1')
redis.call('PUBLISH', channel, 'stop\n' .. found[1] .. '\n' .. conversation)
return 1
