-- Drops a question that waits; its id stays known, also if it was never seen. Gives 1 if it waited.
-- KEYS seen queue questions turn entries ready
-- ARGV conversation id seenMs
-- WITH clock was-seen dequeue
if redis.call('ZSCORE', queue, id) then
  unqueue(id)
  return 1
end
if not known(id) then see(id) end
return 0
