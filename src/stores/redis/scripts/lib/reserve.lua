-- Whether a person has `mostOpen` questions already. Some of those may be answered by now, which
-- the caller looks at before anybody is refused.
local function crowded()
  return open and mostOpen ~= '' and redis.call('ZCARD', open) >= tonumber(mostOpen)
    and not redis.call('ZSCORE', open, member)
end

-- Notes under a person where they wrote and what they asked, reserved until then or, with 0, for
-- good. Gives how many questions may be open. Both are kept for as long as a question may wait, and
-- no shorter than history: what is kept of a person is found when it is to be forgotten.
local function enrol(asks, reserved_until)
  if not person then return 0 end
  redis.call('ZADD', person, now, conversation)
  redis.call('ZREMRANGEBYSCORE', person, '-inf', now - stayMs)
  stay(person)
  if not asks then return 0 end
  redis.call('ZADD', open, 'NX', reserved_until, member)
  stay(open)
  return redis.call('ZCARD', open)
end
