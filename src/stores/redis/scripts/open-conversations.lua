-- A partition's conversations with something to do, or with an owner: conversation, '1' if its owner
-- is alive or '0', and since when its oldest question waits, one after the other.
-- KEYS ready leased turns
-- ARGV limit
-- WITH clock
local result = {}
local function add(conversation, owned, since)
  result[#result + 1] = conversation
  result[#result + 1] = owned
  result[#result + 1] = since
end
local free = redis.call('ZRANGE', ready, 0, limit - 1, 'WITHSCORES')
for i = 1, #free, 2 do add(free[i], '0', free[i + 1]) end
local held = redis.call('ZRANGE', leased, 0, limit - 1, 'WITHSCORES')
for i = 1, #held, 2 do
  local since = string.match(redis.call('HGET', turns, held[i]) or '', '^%d+ (.+)$')
  add(held[i], tonumber(held[i + 1]) > now and '1' or '0', since or '0')
end
return result
