-- Takes a message in as `accept` does and, if it is a question that waits, makes `owner` the owner
-- of its conversation as `claim` does. Repeated with the same ticket it is a duplicate, and gives
-- what the first one claimed. Gives as `accept` does, then the work, or nothing.
-- KEYS seen queue asking questions turn pages order entries people titles ready leased turns fence run due active | person open
-- ARGV conversation id at kind record author opens stops mostOpen member seenMs retentionMs stayMs keep channel owner leaseMs graceMs ticket historyLimit
-- WITH clock extend-ttl was-seen schedule-sweep add-entry reserve accept-message read-records restart may-have-run-before requeue-unlisted issue-claim claim-turn
local receipt, open_now = admit(true)
if receipt == 'queued' then return { receipt, open_now, claim() } end
local held = redis.call('HMGET', turn, 'owner', 'ticket')
if receipt == 'duplicate' and held[1] == owner and held[2] == ticket then
  return { receipt, 0, claim() }
end
return { receipt }
