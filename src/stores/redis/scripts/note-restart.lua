-- Notes which run of the Redis server a partition is on; see `restarted_at`.
-- KEYS run
-- ARGV idleTtlMs
-- WITH clock extend-ttl restart
restarted_at()
