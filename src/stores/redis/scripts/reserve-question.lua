-- Cluster only, first step of `accept`: notes where the author writes, and reserves one of their
-- open questions for a few seconds, during which it counts as open though it is not stored yet.
-- Returns { 'maybe-too-many' } or { 'reserved', open questions }.
-- KEYS person open
-- ARGV conversation member asks mostOpen idleTtlMs reserveMs
-- WITH clock extend-ttl reserve
if asks == '1' and maybe_too_many() then return { 'maybe-too-many' } end
return { 'reserved', note_question(asks == '1', now + reserveMs) }
