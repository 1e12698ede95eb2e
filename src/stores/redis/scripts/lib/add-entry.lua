-- Adds one entry to history: in order of time, a reply ('1') behind messages ('0') of the same time,
-- then by id. At most `maxEntries` are kept: the oldest are deleted.
local function add_entry(message, reply, at, record)
  redis.call('ZADD', order, at, reply .. message)
  redis.call('HSET', entries, message, record)
  local surplus = redis.call('ZCARD', order) - maxEntries
  if surplus > 0 then
    for _, member in ipairs(redis.call('ZRANGE', order, 0, surplus - 1)) do
      redis.call('HDEL', entries, string.sub(member, 2))
    end
    redis.call('ZREMRANGEBYRANK', order, 0, surplus - 1)
  end
  keep_for_retention(order, entries)
  schedule_sweep(at)
end
