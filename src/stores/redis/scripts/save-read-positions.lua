-- Marks how far places of a platform were read: place and mark of each follow the named arguments. An
-- empty mark forgets the place. What is older than the retention time goes, a part of it each time.
-- KEYS marks marked
-- ARGV retentionMs ...
-- WITH clock
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
for _, place in ipairs(old) do
  redis.call('HDEL', marks, place)
  redis.call('ZREM', marked, place)
end
redis.call('PEXPIRE', marks, retentionMs + 86400000)
redis.call('PEXPIRE', marked, retentionMs + 86400000)
