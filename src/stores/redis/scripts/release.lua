-- Lets go of an unfinished turn for another try. Gives 1, or 0 if the claim is lost. A repetition
-- with the same ticket gives the same. What is handed over is told to the others at once; what
-- failed is not: they would fail, too, before the cause has passed.
-- KEYS turn ready leased turns
-- ARGV conversation id mark forgive ticket channel stayMs
-- WITH extend-ttl owns-claim
if not mine then
  local last = redis.call('HGET', turn, 'ticket')
  return (held[1] == id and held[2] == mark and last == ticket) and 1 or 0
end
local found = redis.call('HMGET', turn, 'attempt', 'since')
local attempt = math.max(0, (tonumber(found[1]) or 1) - forgive)
local since = found[2] or '0'
redis.call('ZREM', leased, conversation)
redis.call('HSET', turn, 'owner', '', 'attempt', attempt, 'ticket', ticket)
redis.call('HSET', turns, conversation, attempt .. ' ' .. since)
redis.call('ZADD', ready, since, conversation)
stay(turns, ready)
if forgive == '1' then redis.call('PUBLISH', channel, 'ready\n' .. conversation) end
return 1
