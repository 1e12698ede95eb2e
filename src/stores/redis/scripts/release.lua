-- Releases an unfinished turn for another attempt. Returns 1, or 0 if the claim is lost. Repeated
-- with the same ticket it returns the same. A turn whose attempt is not counted is handed over, and
-- published at once. A failed one is not: other instances would fail with it until its cause is gone.
-- KEYS turn ready leased turns
-- ARGV conversation turnId token countAttempt ticket channel idleTtlMs
-- WITH extend-ttl owns-claim
if not owns_claim then
  local last = redis.call('HGET', turn, 'ticket')
  return (held[1] == turnId and held[2] == token and last == ticket) and 1 or 0
end
local found = redis.call('HMGET', turn, 'attempt', 'since')
local attempt = tonumber(found[1]) or 1
if countAttempt == '0' then attempt = math.max(0, attempt - 1) end
local since = found[2] or '0'
redis.call('ZREM', leased, conversation)
redis.call('HSET', turn, 'owner', '', 'attempt', attempt, 'ticket', ticket)
redis.call('HSET', turns, conversation, attempt .. ' ' .. since)
redis.call('ZADD', ready, since, conversation)
extend_ttl(turns, ready)
if countAttempt == '0' then redis.call('PUBLISH', channel, 'ready\n' .. conversation) end
return 1
