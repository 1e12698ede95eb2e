-- Deletes messages of a person from a conversation, by the ids that follow the named arguments,
-- and the note that they took part. What is being answered stays. Gives how many went.
-- KEYS queue questions turn order entries people titles ready active
-- ARGV conversation author ...
-- WITH participants-since dequeue
local gone = 0
for i = rest, #ARGV do
  local message = ARGV[i]
  if redis.call('ZSCORE', queue, message) then
    unqueue(message)
    gone = gone + 1
  elseif redis.call('ZREM', order, '0' .. message) == 1 then
    redis.call('HDEL', entries, message)
    gone = gone + 1
  end
end
redis.call('HDEL', people, '@' .. author)
redis.call('HDEL', titles, '@' .. author)
people_since(0)
return gone
