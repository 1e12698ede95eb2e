-- Gives a role up, if it is `owner`'s.
-- KEYS role
-- ARGV owner
if redis.call('GET', role) == owner then redis.call('DEL', role) end
