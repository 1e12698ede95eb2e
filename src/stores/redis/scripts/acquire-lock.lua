-- Makes `owner` the only holder of a role, or renews that. Returns 1, or 0 while another one has it.
-- KEYS role
-- ARGV owner leaseMs
local holder = redis.call('GET', role)
if holder and holder ~= owner then return 0 end
redis.call('SET', role, owner, 'PX', leaseMs)
return 1
