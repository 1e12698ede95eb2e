-- In a cluster, where a person's keys may lie on another node: notes where they write before the
-- message is taken in. A question is reserved for a few seconds, in which nobody takes it for
-- answered though it is not there yet. Gives { 'crowded' } or { 'enrolled', questions that are open }.
-- KEYS person open
-- ARGV conversation member asks mostOpen stayMs reserveMs
-- WITH clock extend-ttl reserve
if asks == '1' and crowded() then return { 'crowded' } end
return { 'enrolled', enrol(asks == '1', now + reserveMs) }
