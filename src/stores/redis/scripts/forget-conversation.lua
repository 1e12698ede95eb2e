-- Deletes all that is known of a conversation but the partition's counter of fences. Gives how
-- many messages and replies went.
-- KEYS seen queue asking questions turn pages order entries people titles finished ready leased turns due active
-- ARGV conversation
local gone = redis.call('ZCARD', order) + redis.call('ZCARD', queue) + redis.call('ZCARD', asking)
redis.call('DEL', seen, queue, asking, questions, turn, pages, order, entries, people, titles, finished)
redis.call('ZREM', ready, conversation)
redis.call('ZREM', leased, conversation)
redis.call('HDEL', turns, conversation)
redis.call('ZREM', due, conversation)
redis.call('ZREM', active, conversation)
return gone
