-- Whether a person has `mostOpen` questions already. Some of those may be answered by now, which
-- the caller looks at before anybody is refused.
local function crowded()
  return open and mostOpen ~= '' and redis.call('ZCARD', open) >= tonumber(mostOpen)
    and not redis.call('ZSCORE', open, member)
end

-- Notes under a person where they wrote and what they asked, reserved until then or, with 0, for
-- good. Gives how many questions may be open.
local function enrol(asks, reserved_until)
  if not person then return 0 end
  redis.call('ZADD', person, now, conversation)
  redis.call('ZREMRANGEBYSCORE', person, '-inf', now - retentionMs - 86400000)
  redis.call('PEXPIRE', person, retentionMs + 86400000)
  if not asks then return 0 end
  redis.call('ZADD', open, 'NX', reserved_until, member)
  redis.call('PEXPIRE', open, retentionMs + 86400000)
  return redis.call('ZCARD', open)
end
