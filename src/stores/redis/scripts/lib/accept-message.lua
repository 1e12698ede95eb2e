-- Takes a message in. Gives 'duplicate', 'crowded', 'stopping', 'kept', or 'queued' and how many
-- questions are open. With `claims`, whoever takes a question in claims it, too: nobody else is told.
local function admit(claims)
  if known(id) then return 'duplicate' end
  local asks = kind == 'question'
  local stopping = asks and stops == '1' and redis.call('EXISTS', turn) == 1
  if asks and not stopping and crowded() then return 'crowded' end

  -- From here on it happens. The first write is one that a full store refuses.
  see(id)
  local open_now = enrol(asks and not stopping, 0)
  if not asks then
    put(id, '0', at, record)
    return 'kept'
  end
  redis.call('HSET', people, '@' .. author, exact(now))
  if opens == '1' then redis.call('HSET', people, 'opened', '1') end
  redis.call('PEXPIRE', people, retentionMs + 86400000)
  redis.call('PEXPIRE', titles, retentionMs + 86400000)
  redis.call('ZADD', active, now, conversation)
  redis.call('PEXPIRE', active, retentionMs + 86400000)
  note_due(now)
  if stopping then
    if redis.call('HEXISTS', turn, 'ending') == 0 then
      redis.call('HSET', turn, 'stop', '1')
      redis.call('PUBLISH', channel, 'stop\n' .. (redis.call('HGET', turn, 'id') or '') .. '\n' .. conversation)
    end
    return 'stopping'
  end
  redis.call('HSET', questions, id, record)
  redis.call('ZADD', queue, at, id)
  stay(questions, queue)
  if redis.call('EXISTS', turn) == 1 then
    redis.call('HSETNX', turn, 'nextSince', exact(now))
  elseif not claims then
    redis.call('ZADD', ready, 'NX', now, conversation)
    stay(ready)
    redis.call('PUBLISH', channel, 'ready\n' .. conversation)
  end
  return 'queued', open_now
end
