-- Deletes up to `batch` history entries, and all participants, that are older than the retention
-- time, and notes when the next sweep is due. Returns how many entries were deleted.
-- KEYS order entries people titles due active
-- ARGV conversation retentionMs batch
-- WITH clock extend-ttl participants-since
-- A deletion first: a full Redis allows what follows it in the same script.
redis.call('ZREM', due, conversation)
local before = '(' .. exact(now - retentionMs)
local old = redis.call('ZRANGEBYSCORE', order, '-inf', before, 'LIMIT', 0, batch)
for _, member in ipairs(old) do
  redis.call('HDEL', entries, string.sub(member, 2))
  redis.call('ZREM', order, member)
end
local asked = participants_since(now - retentionMs)
if #asked == 0 then redis.call('DEL', titles) end
local oldest = asked[1]
local first = redis.call('ZRANGE', order, 0, 0, 'WITHSCORES')[2]
if first and (not oldest or tonumber(first) < oldest) then oldest = tonumber(first) end
if oldest then
  redis.call('ZADD', due, oldest, conversation)
  keep_for_retention(due)
end
return #old
