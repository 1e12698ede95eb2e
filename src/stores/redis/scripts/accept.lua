-- Takes a message in. Safe to repeat: the second time it is a duplicate, and what the first one
-- stored is in `ready`, where instances look for work.
-- Returns { 'duplicate' | 'maybe-too-many' | 'stopping' | 'kept' } or { 'queued', open questions }.
-- KEYS seen queue questions turn order entries people titles ready due active | person open
-- ARGV conversation messageId at kind record author opens stops mostOpen member seenMs retentionMs idleTtlMs maxEntries channel
-- WITH clock extend-ttl was-seen schedule-sweep add-entry reserve accept-message
return { accept_message(false) }
