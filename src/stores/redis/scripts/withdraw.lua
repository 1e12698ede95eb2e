-- Drops a waiting question. Its id stays known, also if it was never seen. Returns 1 if it waited.
-- KEYS seen queue questions turn entries ready
-- ARGV conversation messageId seenMs
-- WITH clock was-seen dequeue
if redis.call('ZSCORE', queue, messageId) then
  dequeue(messageId)
  return 1
end
if not was_seen(messageId) then mark_seen(messageId) end
return 0
