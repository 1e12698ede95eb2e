-- How a conversation stands in a list of those in which a person asked something. Gives what they
-- call it, or '', and the first 400 bytes of the oldest message; nothing where they asked nothing,
-- or nothing is kept.
-- KEYS queue asking questions order entries people titles
-- ARGV author
if redis.call('HEXISTS', people, '@' .. author) == 0 then return false end
local function oldest()
  local line = redis.call('ZRANGE', order, 0, 0)[1]
  if line then return redis.call('HGET', entries, string.sub(line, 2)) end
  local question = redis.call('ZRANGE', asking, 0, 0)[1] or redis.call('ZRANGE', queue, 0, 0)[1]
  return question and redis.call('HGET', questions, question)
end
local record = oldest()
if not record then return false end
local fine, message = pcall(cjson.decode, record)
local text = fine and type(message) == 'table' and message.text
if type(text) ~= 'string' then text = '' end
return { redis.call('HGET', titles, '@' .. author) or '', string.sub(text, 1, 400) }
