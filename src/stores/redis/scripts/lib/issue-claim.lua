-- Gives the turn to an owner, under a fence that no claim of this conversation ever had: the clock
-- keeps fences growing even where a failover lost the last ones. Returns the fence.
local function issue_claim(claimed, attempt, since)
  local last = tonumber(redis.call('GET', fence) or '0') or 0
  local issued = string.format('%.0f', math.max(last + 1, math.floor(now)))
  redis.call('ZREM', ready, conversation)
  redis.call('SET', fence, issued)
  redis.call('HSET', turn, 'id', claimed, 'fence', issued, 'owner', owner, 'attempt', attempt,
    'since', since, 'ticket', ticket)
  redis.call('ZADD', leased, now + leaseMs, conversation)
  redis.call('HSET', turns, conversation, attempt .. ' ' .. since)
  extend_ttl(turn, asking, questions, pages, leased, turns, fence)
  return issued
end

-- Begins a turn with all waiting questions, the oldest of which came at `since`. Returns its fence,
-- or false if no question waits.
local function begin_turn(since)
  requeue_unlisted()
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
  -- As `turnIdOf` makes it: a turn that is begun again after it was lost has the same id.
  local first = redis.call('ZRANGE', asking, 0, 0)[1]
  return issue_claim(redis.sha1hex(conversation .. '\n' .. first), 1, since or exact(now))
end
