-- Whether the author may have `mostOpen` open questions already. Some of them may be answered by
-- now, which the caller checks before it refuses a question.
local function maybe_too_many()
  return open and mostOpen ~= '' and redis.call('ZCARD', open) >= tonumber(mostOpen)
    and not redis.call('ZSCORE', open, member)
end

-- Notes where the author wrote and, if they ask, the question: reserved until a time or, with 0,
-- until it is answered. Returns how many questions may be open. Both notes live as long as a
-- question may wait, and no shorter than history, so that `forget` finds what is kept of a person.
local function note_question(asks, reserved_until)
  if not person then return 0 end
  redis.call('ZADD', person, now, conversation)
  redis.call('ZREMRANGEBYSCORE', person, '-inf', now - idleTtlMs)
  extend_ttl(person)
  if not asks then return 0 end
  redis.call('ZADD', open, 'NX', reserved_until, member)
  extend_ttl(open)
  return redis.call('ZCARD', open)
end
