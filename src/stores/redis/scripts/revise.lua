-- Replaces a waiting question if it still reads as before. Returns 1, or 0 if it no longer waits or
-- was changed meanwhile.
-- KEYS queue questions
-- ARGV messageId before after
if not redis.call('ZSCORE', queue, messageId) then return 0 end
if redis.call('HGET', questions, messageId) ~= before then return 0 end
redis.call('HSET', questions, messageId, after)
return 1
