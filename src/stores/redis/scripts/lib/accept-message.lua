-- Takes a message in. Returns 'duplicate', 'maybe-too-many', 'stopping', 'kept', or 'queued' and
-- the count of open questions. With `claims` the caller claims a question itself: the conversation
-- is not listed as ready, and not published.
local function accept_message(claims)
  if was_seen(messageId) then return 'duplicate' end
  local asks = kind == 'question'
  local stopping = asks and stops == '1' and redis.call('EXISTS', turn) == 1
  if asks and not stopping and maybe_too_many() then return 'maybe-too-many' end

  -- Nothing is written before this line, whose first write a full Redis refuses.
  mark_seen(messageId)
  local open_questions = note_question(asks and not stopping, 0)
  if not asks then
    add_entry(messageId, '0', at, record)
    return 'kept'
  end
  redis.call('HSET', people, '@' .. author, exact(now))
  if opens == '1' then redis.call('HSET', people, 'opened', '1') end
  redis.call('ZADD', active, now, conversation)
  keep_for_retention(people, titles, active)
  schedule_sweep(now)
  if stopping then
    if redis.call('HEXISTS', turn, 'ending') == 0 then
      redis.call('HSET', turn, 'stop', '1')
      redis.call('PUBLISH', channel, 'stop\n' .. (redis.call('HGET', turn, 'id') or '') .. '\n' .. conversation)
    end
    return 'stopping'
  end
  redis.call('HSET', questions, messageId, record)
  redis.call('ZADD', queue, at, messageId)
  extend_ttl(questions, queue)
  if redis.call('EXISTS', turn) == 1 then
    redis.call('HSETNX', turn, 'nextSince', exact(now))
  elseif not claims then
    redis.call('ZADD', ready, 'NX', now, conversation)
    extend_ttl(ready)
    redis.call('PUBLISH', channel, 'ready\n' .. conversation)
  end
  return 'queued', open_questions
end
