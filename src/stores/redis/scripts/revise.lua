-- Replaces a question that waits, if it still reads as before. Gives 1, or 0 if it waits no more
-- or was changed by somebody else.
-- KEYS queue questions
-- ARGV id before after
if not redis.call('ZSCORE', queue, id) then return 0 end
if redis.call('HGET', questions, id) ~= before then return 0 end
redis.call('HSET', questions, id, after)
return 1
