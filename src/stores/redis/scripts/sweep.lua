-- Deletes up to `batch` lines of a conversation's history, and the people in it, that are older
-- than the retention time, and notes when to come again. Gives how many lines went.
-- KEYS order entries people titles due active
-- ARGV conversation retentionMs batch
-- WITH clock participants-since
-- A deletion first: what follows it in the same script is done even in a store that is full.
redis.call('ZREM', due, conversation)
local old = '(' .. exact(now - retentionMs)
local gone = redis.call('ZRANGEBYSCORE', order, '-inf', old, 'LIMIT', 0, batch)
for _, member in ipairs(gone) do
  redis.call('HDEL', entries, string.sub(member, 2))
  redis.call('ZREM', order, member)
end
local times = people_since(now - retentionMs)
if #times == 0 then redis.call('DEL', titles) end
local oldest = times[1]
local first = redis.call('ZRANGE', order, 0, 0, 'WITHSCORES')[2]
if first and (not oldest or tonumber(first) < oldest) then oldest = tonumber(first) end
if oldest then
  redis.call('ZADD', due, oldest, conversation)
  redis.call('PEXPIRE', due, retentionMs + 86400000)
end
return #gone
