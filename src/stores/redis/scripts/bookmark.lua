-- Marks how far places of a platform were read: place and mark of each follow the named arguments. An
-- empty mark forgets the place.
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
redis.call('PEXPIRE', marks, retentionMs + 86400000)
redis.call('PEXPIRE', marked, retentionMs + 86400000)
