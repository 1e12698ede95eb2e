-- Makes `owner` the owner of a conversation that is free and has something to do. Counts the
-- attempt. Gives the work, or nothing. A repetition with the same ticket gives the same work.
-- KEYS turn queue asking questions pages order entries ready leased turns fence run
-- ARGV conversation owner leaseMs graceMs ticket historyLimit stayMs
-- WITH clock extend-ttl read-records restart may-have-run-before requeue-unlisted issue-claim claim-turn
return claim()
