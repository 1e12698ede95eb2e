-- Notes which run of Redis a partition lies on.
-- KEYS run
-- ARGV stayMs
-- WITH clock extend-ttl restart
met()
