-- How much there is to do in a partition: conversations that wait, those with a living owner, and
-- for how many milliseconds the longest of those that wait do, or -1. Costs the same however many
-- wait: of those whose owner died, only some are looked at for since when they wait.
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
