-- Saves read positions of a platform: channel and position of each follow the named arguments. An
-- empty position forgets the channel. Up to 200 that are older than the retention time are deleted.
-- KEYS marks marked
-- ARGV retentionMs ...
-- WITH clock extend-ttl
for i = rest, #ARGV, 2 do
  if ARGV[i + 1] == '' then
    redis.call('HDEL', marks, ARGV[i])
    redis.call('ZREM', marked, ARGV[i])
  else
    redis.call('HSET', marks, ARGV[i], ARGV[i + 1])
    redis.call('ZADD', marked, now, ARGV[i])
  end
end
local old = redis.call(
  'ZRANGEBYSCORE', marked, '-inf', '(' .. exact(now - retentionMs), 'LIMIT', 0, 200)
for _, channel in ipairs(old) do
  redis.call('HDEL', marks, channel)
  redis.call('ZREM', marked, channel)
end
keep_for_retention(marks, marked)
