-- In a cluster, once a message was taken in: its author wrote there, also if they were forgotten
-- since that was noted, and a question counts from now on if it is there.
-- KEYS person open
-- ARGV conversation member stayMs
-- WITH clock extend-ttl reserve
enrol(false)
redis.call('ZADD', open, 'XX', 0, member)
