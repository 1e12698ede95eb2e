-- Notes when the conversation's oldest entry may be swept. Too early is harmless.
local function schedule_sweep(at)
  redis.call('ZADD', due, 'LT', at, conversation)
  keep_for_retention(due)
end
