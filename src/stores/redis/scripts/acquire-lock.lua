-- Makes `owner` the only one to have a role, or prolongs that. Gives 1, or 0 if somebody else has it.
-- KEYS role
-- ARGV owner leaseMs
local holder = redis.call('GET', role)
if holder and holder ~= owner then return 0 end
redis.call('SET', role, owner, 'PX', leaseMs)
return 1
