-- Takes a message in. Safe to repeat: the second time it is a duplicate, and what the first one
-- stored is in `ready`, where whoever looks for work finds it.
-- Gives { 'duplicate' | 'crowded' | 'stopping' | 'kept' } or { 'queued', questions that are open }.
-- KEYS seen queue questions turn order entries people titles ready due active | person open
-- ARGV conversation id at kind record author opens stops mostOpen member seenMs retentionMs stayMs keep channel
-- WITH clock extend-ttl was-seen schedule-sweep add-entry reserve accept-message
return { admit(false) }
