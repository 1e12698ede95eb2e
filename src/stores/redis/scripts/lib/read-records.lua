-- Records of these ids as the inside of a JSON array; `null` for a missing one. No record contains a
-- line break, so that a damaged one can be told apart from the others.
local function read_records(hash, ids)
  local lines = {}
  for first = 1, #ids, 1000 do
    local last = math.min(first + 999, #ids)
    for _, record in ipairs(redis.call('HMGET', hash, unpack(ids, first, last))) do
      lines[#lines + 1] = record or 'null'
    end
  end
  return table.concat(lines, ',\n')
end

-- The newest `historyLimit` entries, oldest first; the cost does not depend on how many there are.
local function newest_entries()
  local members = redis.call('ZREVRANGE', order, 0, historyLimit - 1)
  local ids = {}
  for i = #members, 1, -1 do ids[#ids + 1] = string.sub(members[i], 2) end
  return read_records(entries, ids)
end

-- The turn: id, fence, attempt, startedAt, stop, ending, messages, pages.
local function read_turn()
  local found = redis.call('HMGET', turn, 'id', 'fence', 'attempt', 'startedAt', 'stop', 'ending')
  for i = 1, 6 do found[i] = found[i] or '' end
  found[7] = read_records(questions, redis.call('ZRANGE', asking, 0, -1))
  found[8] = table.concat(redis.call('HVALS', pages), ',\n')
  return found
end
