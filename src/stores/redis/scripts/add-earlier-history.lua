-- Adds earlier messages to history, except those that are known. After the named arguments come
-- id, '1' for a reply or '0', time and record of each.
-- KEYS seen questions order entries due
-- ARGV conversation seenMs retentionMs maxEntries ...
-- WITH clock extend-ttl was-seen schedule-sweep add-entry
for i = rest, #ARGV, 4 do
  if not was_seen(ARGV[i]) then
    mark_seen(ARGV[i])
    add_entry(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  end
end
