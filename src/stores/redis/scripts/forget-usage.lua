-- Gives what a person used on a day to another, a field for each that follows the named arguments,
-- with the one that it goes to. Safe to repeat.
-- KEYS usage names
-- ARGV person ...
for i = rest, #ARGV, 2 do
  local count = redis.call('HGET', usage, ARGV[i])
  -- What is damaged has no count that could stay.
  if count and string.find(count, '^%d+$') then
    redis.call('HINCRBY', usage, ARGV[i + 1], count)
  end
  redis.call('HDEL', usage, ARGV[i])
end
redis.call('HDEL', names, person)
