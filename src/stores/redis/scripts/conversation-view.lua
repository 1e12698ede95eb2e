-- A conversation as a page shows it: history, waiting questions, and the turn if one runs.
-- KEYS turn queue asking questions pages order entries
-- ARGV historyLimit
-- WITH read-records
local queued = read_records(questions, redis.call('ZRANGE', queue, 0, -1))
if redis.call('EXISTS', turn) == 0 then return { newest_entries(), queued } end
return { newest_entries(), queued, read_turn() }
