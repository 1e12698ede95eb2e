-- Deletes everything of a conversation except the partition's fence counter. Returns how many
-- messages and replies were deleted.
-- KEYS seen queue asking questions turn pages order entries people titles finished ready leased turns due active
-- ARGV conversation
local deleted = redis.call('ZCARD', order) + redis.call('ZCARD', queue) + redis.call('ZCARD', asking)
redis.call('DEL', seen, queue, asking, questions, turn, pages, order, entries, people, titles, finished)
redis.call('ZREM', ready, conversation)
redis.call('ZREM', leased, conversation)
redis.call('HDEL', turns, conversation)
redis.call('ZREM', due, conversation)
redis.call('ZREM', active, conversation)
return deleted
