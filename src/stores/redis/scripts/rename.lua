-- Keeps what a person calls a conversation in which they asked something, or nothing with an empty
-- name. Gives 1, or 0 where they asked nothing.
-- KEYS people titles
-- ARGV author name retentionMs
if redis.call('HEXISTS', people, '@' .. author) == 0 then return 0 end
if name == '' then
  redis.call('HDEL', titles, '@' .. author)
else
  redis.call('HSET', titles, '@' .. author, name)
  redis.call('PEXPIRE', titles, retentionMs + 86400000)
end
return 1
