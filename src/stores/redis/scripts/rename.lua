-- Keeps a person's title of a conversation in which they asked something; an empty one deletes it.
-- Returns 1, or 0 where they asked nothing.
-- KEYS people titles
-- ARGV author title retentionMs
-- WITH extend-ttl
if redis.call('HEXISTS', people, '@' .. author) == 0 then return 0 end
if title == '' then
  redis.call('HDEL', titles, '@' .. author)
else
  redis.call('HSET', titles, '@' .. author, title)
  keep_for_retention(titles)
end
return 1
