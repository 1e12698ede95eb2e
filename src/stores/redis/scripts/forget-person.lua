-- Deletes a person's messages from a conversation, by the ids after the named arguments, and the
-- note that they took part. Questions that are being answered stay. Returns how many were deleted.
-- KEYS queue questions turn order entries people titles ready active
-- ARGV conversation author ...
-- WITH participants-since dequeue
local deleted = 0
for i = rest, #ARGV do
  local message = ARGV[i]
  if redis.call('ZSCORE', queue, message) then
    dequeue(message)
    deleted = deleted + 1
  elseif redis.call('ZREM', order, '0' .. message) == 1 then
    redis.call('HDEL', entries, message)
    deleted = deleted + 1
  end
end
redis.call('HDEL', people, '@' .. author)
redis.call('HDEL', titles, '@' .. author)
participants_since(0)
return deleted
