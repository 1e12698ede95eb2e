-- `accept`, and, if the message is a question that now waits, `claim` of its conversation. Repeated
-- with the same ticket the message is a duplicate, and what the first call claimed is returned again.
-- Returns what `accept` returns, then the claimed turn, or nothing.
-- KEYS seen queue asking questions turn pages order entries people titles ready leased turns fence run due active | person open
-- ARGV conversation messageId at kind record author opens stops mostOpen member seenMs retentionMs idleTtlMs maxEntries channel owner leaseMs graceMs ticket historyLimit
-- WITH clock extend-ttl was-seen schedule-sweep add-entry reserve accept-message read-records restart may-have-run-before requeue-unlisted issue-claim claim-turn
local receipt, open_questions = accept_message(true)
if receipt == 'queued' then return { receipt, open_questions, claim_turn() } end
local held = redis.call('HMGET', turn, 'owner', 'ticket')
if receipt == 'duplicate' and held[1] == owner and held[2] == ticket then
  return { receipt, 0, claim_turn() }
end
return { receipt }
