-- A platform's read positions, without those older than the retention time: channel and position,
-- one after the other.
-- KEYS marks marked
-- ARGV retentionMs
-- WITH clock
local old = redis.call('ZRANGEBYSCORE', marked, '-inf', '(' .. exact(now - retentionMs))
for _, channel in ipairs(old) do
  redis.call('HDEL', marks, channel)
  redis.call('ZREM', marked, channel)
end
return redis.call('HGETALL', marks)
