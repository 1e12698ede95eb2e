-- All of a conversation that a page shows: history, questions that wait, the turn if one runs.
-- KEYS turn queue asking questions pages order entries
-- ARGV historyLimit
-- WITH read-records
local queued = records(questions, redis.call('ZRANGE', queue, 0, -1))
if redis.call('EXISTS', turn) == 0 then return { newest(), queued } end
return { newest(), queued, standing() }
