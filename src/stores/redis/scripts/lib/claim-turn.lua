-- Makes `owner` the owner of a conversation that is free and has something to do. Returns the turn
-- and the newest history, or false. Repeated with the same ticket it returns the same.
local function claim_turn()
  local found = redis.call('HMGET', turn, 'id', 'owner', 'attempt', 'since', 'ticket')
  if not found[1] then
    if not begin_turn(redis.call('ZSCORE', ready, conversation)) then
      redis.call('ZREM', ready, conversation)
      redis.call('ZREM', leased, conversation)
      return false
    end
  elseif found[5] == ticket and found[2] == owner then
    redis.call('ZADD', leased, now + leaseMs, conversation)
    extend_ttl(leased)
  else
    local leased_until = tonumber(redis.call('ZSCORE', leased, conversation) or '0')
    if found[2] and found[2] ~= '' and leased_until + graceMs > now then return false end
    if redis.call('EXISTS', asking) == 0 then requeue_unlisted() end
    issue_claim(found[1], (tonumber(found[3]) or 0) + 1, found[4] or exact(now))
  end
  return { claimed_turn(), newest_entries() }
end
