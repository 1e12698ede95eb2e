-- How far places of a platform were read, without what is older than the retention time: place
-- and mark, one after the other.
-- KEYS marks marked
-- ARGV retentionMs
-- WITH clock
local old = redis.call('ZRANGEBYSCORE', marked, '-inf', '(' .. exact(now - retentionMs))
for _, place in ipairs(old) do
  redis.call('HDEL', marks, place)
  redis.call('ZREM', marked, place)
end
return redis.call('HGETALL', marks)
