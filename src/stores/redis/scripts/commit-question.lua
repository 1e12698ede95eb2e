-- Cluster only, second step of `accept`: notes again where the author wrote, as a `forget` between
-- the steps may have deleted the note, and ends the question's reservation: from now on it counts as
-- open for as long as it is stored.
-- KEYS person open
-- ARGV conversation member idleTtlMs
-- WITH clock extend-ttl reserve
note_question(false)
redis.call('ZADD', open, 'XX', 0, member)
