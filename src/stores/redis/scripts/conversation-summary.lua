-- A conversation as one line of a person's list: their title of it, or '', and the first 400 bytes
-- of its oldest message. Returns nothing where they asked nothing, or nothing is kept.
-- KEYS queue asking questions order entries people titles
-- ARGV author
if redis.call('HEXISTS', people, '@' .. author) == 0 then return false end
local function oldest_record()
  local line = redis.call('ZRANGE', order, 0, 0)[1]
  if line then return redis.call('HGET', entries, string.sub(line, 2)) end
  local question = redis.call('ZRANGE', asking, 0, 0)[1] or redis.call('ZRANGE', queue, 0, 0)[1]
  return question and redis.call('HGET', questions, question)
end
local record = oldest_record()
if not record then return false end
local decoded, message = pcall(cjson.decode, record)
local text = decoded and type(message) == 'table' and message.text
if type(text) ~= 'string' then text = '' end
return { redis.call('HGET', titles, '@' .. author) or '', string.sub(text, 1, 400) }
