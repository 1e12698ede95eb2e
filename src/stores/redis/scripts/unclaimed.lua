-- A partition's conversations with something to do and no living owner, longest waiting first:
-- conversation, attempts and since when, one after the other.
-- KEYS ready leased turns
-- ARGV graceMs limit
-- WITH clock
local found = {}
local free = redis.call('ZRANGE', ready, 0, limit - 1, 'WITHSCORES')
for i = 1, #free, 2 do found[#found + 1] = { free[i], free[i + 1] } end
local orphans = redis.call('ZRANGEBYSCORE', leased, '-inf', now - graceMs, 'LIMIT', 0, limit)
for _, conversation in ipairs(orphans) do found[#found + 1] = { conversation, false } end
local result = {}
for _, each in ipairs(found) do
  local attempts, since = string.match(redis.call('HGET', turns, each[1]) or '', '^(%d+) (.+)$')
  result[#result + 1] = each[1]
  result[#result + 1] = attempts or '0'
  result[#result + 1] = each[2] or since or '0'
end
return result
