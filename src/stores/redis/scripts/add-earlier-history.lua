-- Puts what was said before into history, but for what is known. After the named arguments come
-- id, '1' for a reply or '0', time and record of each.
-- KEYS seen questions order entries due
-- ARGV conversation seenMs retentionMs keep ...
-- WITH clock was-seen schedule-sweep add-entry
for i = rest, #ARGV, 4 do
  if not known(ARGV[i]) then
    see(ARGV[i])
    put(ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3])
  end
end
