-- Notes when the oldest of what is kept for the retention time may be swept. Too early is harmless.
local function note_due(at)
  redis.call('ZADD', due, 'LT', at, conversation)
  redis.call('PEXPIRE', due, retentionMs + 86400000)
end
