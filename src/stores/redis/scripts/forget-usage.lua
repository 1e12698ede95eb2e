-- Adds a person's usage of a day to another subject's. After the named arguments come pairs: the
-- person's field, and the field that it is added to. Safe to repeat.
-- KEYS usage names
-- ARGV person ...
for i = rest, #ARGV, 2 do
  local count = redis.call('HGET', usage, ARGV[i])
  -- A damaged value is no count, and is dropped.
  if count and string.find(count, '^%d+$') then
    redis.call('HINCRBY', usage, ARGV[i + 1], count)
  end
  redis.call('HDEL', usage, ARGV[i])
end
redis.call('HDEL', names, person)
