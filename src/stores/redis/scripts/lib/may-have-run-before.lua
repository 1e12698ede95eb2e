-- The turn as its owner needs it: with '1' behind the rest if it may have been begun before, which
-- Redis forgot, as it was asked for in an earlier run. It was not begun before it was asked for, and
-- what was posted since then may be its own.
local function taken()
  local asked = redis.call('ZRANGE', asking, 0, 0, 'WITHSCORES')[2] or '0'
  local since = redis.call('HGET', turn, 'since') or '0'
  local turn_at_hand = standing()
  if math.min(tonumber(asked), tonumber(since)) <= met() then
    turn_at_hand[4] = since
    turn_at_hand[9] = '1'
  end
  return turn_at_hand
end
