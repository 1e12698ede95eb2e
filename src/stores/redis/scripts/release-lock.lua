-- Gives a role up if `owner` has it.
-- KEYS role
-- ARGV owner
if redis.call('GET', role) == owner then redis.call('DEL', role) end
