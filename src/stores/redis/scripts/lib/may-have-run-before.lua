-- The turn as its owner needs it. A ninth value '1' says that an attempt may be missing: its
-- questions came before the latest restart of Redis, which may have lost the attempt, and pages that
-- were posted since then may be its own.
local function claimed_turn()
  local asked = redis.call('ZRANGE', asking, 0, 0, 'WITHSCORES')[2] or '0'
  local since = redis.call('HGET', turn, 'since') or '0'
  local found = read_turn()
  if math.min(tonumber(asked), tonumber(since)) <= restarted_at() then
    found[4] = since
    found[9] = '1'
  end
  return found
end
