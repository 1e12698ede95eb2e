-- Marks how far places of a platform were read: place and mark of each follow the named arguments.
-- KEYS marks marked
-- ARGV retentionMs ...
-- WITH clock
for i = rest, #ARGV, 2 do
  redis.call('HSET', marks, ARGV[i], ARGV[i + 1])
  redis.call('ZADD', marked, now, ARGV[i])
end
redis.call('PEXPIRE', marks, retentionMs + 86400000)
redis.call('PEXPIRE', marked, retentionMs + 86400000)
