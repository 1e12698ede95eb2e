-- Moves a turn into history, and begins the next one with the questions that came meanwhile, or
-- releases the conversation. Returns { 'lost' }, { 'open' } for a turn without an ending,
-- { 'done' }, or { 'next', turn, history }. Repeated by the same owner it returns the same.
-- KEYS turn queue asking questions pages order entries finished ready leased turns fence due run
-- ARGV conversation turnId token owner leaseMs ticket replyTokens historyLimit retentionMs maxEntries idleTtlMs
-- WITH clock extend-ttl owns-claim schedule-sweep add-entry read-records restart may-have-run-before requeue-unlisted issue-claim
local claim = turnId .. '\n' .. token .. '\n' .. owner
if not owns_claim then
  local last = redis.call('GET', finished) or ''
  if string.sub(last, 1, #claim + 1) ~= claim .. '\n' then return { 'lost' } end
  local next_token = string.sub(last, #claim + 2)
  if next_token == '' or held[2] ~= next_token or held[3] == '' then return { 'done' } end
  redis.call('ZADD', leased, now + leaseMs, conversation)
  extend_ttl(leased)
  return { 'next', claimed_turn(), newest_entries() }
end
local found = redis.call('HMGET', turn, 'ending', 'says', 'startedAt', 'nextSince')
if not found[1] then return { 'open' } end

-- Deletions first: a full Redis allows what follows them in the same script.
redis.call('DEL', pages)
if redis.call('EXISTS', asking) == 0 then requeue_unlisted() end
local asked = redis.call('ZRANGE', asking, 0, -1, 'WITHSCORES')
local at = found[3]
for i = 1, #asked, 2 do
  local record = redis.call('HGET', questions, asked[i])
  at = asked[i + 1]
  if record then
    redis.call('HDEL', questions, asked[i])
    add_entry(asked[i], '0', at, '{"turn":"' .. turnId .. '",' .. string.sub(record, 2))
  end
end
if found[2] == '1' then
  add_entry(turnId, '1', at, '{"id":"' .. turnId .. '","role":"assistant","turn":"' .. turnId
    .. '","at":' .. at .. ',"tokens":' .. replyTokens .. ',' .. string.sub(found[1], 2))
end
redis.call('DEL', turn, asking)
redis.call('HDEL', turns, conversation)

local next_token = begin_turn(found[4])
redis.call('SET', finished, claim .. '\n' .. (next_token or ''), 'PX', 3600000)
if next_token then return { 'next', claimed_turn(), newest_entries() } end
redis.call('ZREM', leased, conversation)
return { 'done' }
