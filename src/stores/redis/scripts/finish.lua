-- Moves a turn into history, and begins the next one of what came meanwhile or lets the
-- conversation go. Gives { 'lost' }, { 'open' } for a turn without an end, { 'done' }, or
-- { 'next', turn, history }. Repeated by the same owner it gives the same as before.
-- KEYS turn queue asking questions pages order entries finished ready leased turns fence due run
-- ARGV conversation id mark owner leaseMs ticket replyTokens historyLimit retentionMs keep stayMs
-- WITH clock extend-ttl owns-claim schedule-sweep add-entry read-records restart may-have-run-before requeue-unlisted issue-claim
local claim = id .. '\n' .. mark .. '\n' .. owner
if not mine then
  local last = redis.call('GET', finished) or ''
  if string.sub(last, 1, #claim + 1) ~= claim .. '\n' then return { 'lost' } end
  local next_mark = string.sub(last, #claim + 2)
  if next_mark == '' or held[2] ~= next_mark or held[3] == '' then return { 'done' } end
  redis.call('ZADD', leased, now + leaseMs, conversation)
  stay(leased)
  return { 'next', taken(), newest() }
end
local found = redis.call('HMGET', turn, 'ending', 'says', 'startedAt', 'nextSince')
if not found[1] then return { 'open' } end

-- Deletions first: what follows them in the same script is done even in a store that is full.
redis.call('DEL', pages)
if redis.call('EXISTS', asking) == 0 then relist() end
local asked = redis.call('ZRANGE', asking, 0, -1, 'WITHSCORES')
local at = found[3]
for i = 1, #asked, 2 do
  local record = redis.call('HGET', questions, asked[i])
  at = asked[i + 1]
  if record then
    redis.call('HDEL', questions, asked[i])
    put(asked[i], '0', at, '{"turn":"' .. id .. '",' .. string.sub(record, 2))
  end
end
if found[2] == '1' then
  put(id, '1', at, '{"id":"' .. id .. '","role":"assistant","turn":"' .. id .. '","at":' .. at
    .. ',"tokens":' .. replyTokens .. ',' .. string.sub(found[1], 2))
end
redis.call('DEL', turn, asking)
redis.call('HDEL', turns, conversation)

local next_mark = begin(found[4])
redis.call('SET', finished, claim .. '\n' .. (next_mark or ''), 'PX', 3600000)
if next_mark then return { 'next', taken(), newest() } end
redis.call('ZREM', leased, conversation)
return { 'done' }
