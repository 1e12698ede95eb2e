-- Makes `owner` the owner of a conversation that is free and has something to do, and counts the
-- attempt. Returns the claimed turn, or nothing. Repeated with the same ticket it returns the same.
-- KEYS turn queue asking questions pages order entries ready leased turns fence run
-- ARGV conversation owner leaseMs graceMs ticket historyLimit idleTtlMs
-- WITH clock extend-ttl read-records restart may-have-run-before requeue-unlisted issue-claim claim-turn
return claim_turn()
