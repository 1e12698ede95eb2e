-- A partition's queue depth: conversations that wait, conversations with a living owner, and the
-- longest wait in milliseconds, or -1. Constant cost: of conversations whose owner died, only the
-- first `limit` are asked how long they wait.
-- KEYS ready leased turns
-- ARGV graceMs limit
-- WITH clock
local orphaned = redis.call('ZCOUNT', leased, '-inf', now - graceMs)
local since = tonumber(redis.call('ZRANGE', ready, 0, 0, 'WITHSCORES')[2])
local orphans = redis.call('ZRANGEBYSCORE', leased, '-inf', now - graceMs, 'LIMIT', 0, limit)
for _, conversation in ipairs(orphans) do
  local asked = string.match(redis.call('HGET', turns, conversation) or '', ' (.+)$')
  since = math.min(since or now, tonumber(asked) or now)
end
local waiting = redis.call('ZCARD', ready) + orphaned
local running = redis.call('ZCARD', leased) - orphaned
return { waiting, running, since and math.max(0, math.floor(now - since)) or -1 }
