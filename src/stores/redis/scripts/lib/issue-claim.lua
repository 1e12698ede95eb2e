-- Gives the turn to an owner, under a fence that no claim of this conversation ever had: the
-- clock keeps fences growing even where a failover took back the last ones.
local function take(taken, attempt, since)
  local last = tonumber(redis.call('GET', fence) or '0') or 0
  local mark = string.format('%.0f', math.max(last + 1, math.floor(now)))
  redis.call('ZREM', ready, conversation)
  redis.call('SET', fence, mark)
  redis.call('HSET', turn, 'id', taken, 'fence', mark, 'owner', owner, 'attempt', attempt,
    'since', since, 'ticket', ticket)
  redis.call('ZADD', leased, now + leaseMs, conversation)
  redis.call('HSET', turns, conversation, attempt .. ' ' .. since)
  stay(turn, asking, questions, pages, leased, turns, fence)
  return mark
end

-- Begins a turn of all that waits; false if nothing does. `since`: when the oldest of it came.
local function begin(since)
  relist()
  if redis.call('EXISTS', asking) == 1 then
    -- Their turn is gone, which only an eviction can do: they are asked again with the others.
    redis.call('ZUNIONSTORE', asking, 2, asking, queue)
    redis.call('DEL', queue)
  elseif redis.call('EXISTS', queue) == 1 then
    redis.call('RENAME', queue, asking)
  else
    return false
  end
  redis.call('DEL', pages)
  redis.call('HSET', turn, 'startedAt', string.format('%.0f', math.floor(now)))
  -- As `turnIdOf` makes it: one that is begun again after it was lost has the same id.
  local first = redis.call('ZRANGE', asking, 0, 0)[1]
  return take(redis.sha1hex(conversation .. '\n' .. first), 1, since or exact(now))
end
