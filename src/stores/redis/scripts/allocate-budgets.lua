-- Divides rate limits ("budgets") among the instances that spend them. An instance comes with its
-- report on each budget, as JSON after the named arguments. Returns how many instances there are, 1
-- if all of them came since this one first did ("settled") or 0, and the allocations, as JSON, in
-- the order of the reports; the rules are those of `BudgetAllocator`.
-- An instance holds what its latest report says: what it was told to give back is free once it
-- comes again without it, whatever became of the reply; so is an allocation whose reply was lost.
-- KEYS instances budgets spare
-- ARGV owner leaseMs sinceMs ...
-- WITH clock
leaseMs, sinceMs = tonumber(leaseMs), tonumber(sinceMs)
-- How long an unused budget is remembered; observations of 429s are forgotten by then.
local rememberMs = 900000
-- Two clocks' moments of one event differ by less.
local clockToleranceMs = 500
-- Part of the rate that is divided equally, so that every instance has some.
local equalPart = 0.05
-- Part of the burst that is reserved for first and final texts, of whichever instance.
local reservedPart = 0.1
-- From this many calls a second on, a platform counts calls within a second: calls at once and calls
-- that follow one another are the same to it.
local highRate = 10

local latest = tonumber(redis.call('ZRANGE', instances, -1, -1, 'WITHSCORES')[2])
-- This instance has come before, but none is known: the data is lost, and others may come soon.
local lost = not latest and sinceMs > 0
latest = latest or now
-- No instance came for a whole lease: Redis was away, and instances of before still spend.
local away = latest < now - leaseMs
local alive, count, settled = {}, 1, lost and 0 or 1
local found = redis.call('ZRANGE', instances, 0, -1, 'WITHSCORES')
for i = 1, #found, 2 do
  local other, came = found[i], tonumber(found[i + 1])
  if away then
    came = now - 1
    redis.call('ZADD', instances, exact(came), other)
  end
  if came < now - leaseMs then
    redis.call('ZREM', instances, other)
  elseif other ~= owner then
    alive[other] = true
    count = count + 1
    if came < now - sinceMs then settled = 0 end
  end
end
redis.call('ZADD', instances, exact(now), owner)

-- Sums up what the others have. What dead instances had counts as spent.
local function sum_of_others(book)
  local sum = { level = 0, burst = 0, perSecond = 0, demand = 0, count = 0 }
  for other, slice in pairs(book.slices) do
    local ms = math.max(0, now - slice.at)
    if alive[other] then
      local level = slice.level + slice.perSecond * ms / 1000
      sum.level = sum.level + math.max(slice.level, math.min(slice.burst, level))
      sum.burst = sum.burst + slice.burst
      sum.perSecond = sum.perSecond + slice.perSecond
      sum.demand = sum.demand + slice.demand
      sum.count = sum.count + 1
    elseif other ~= owner then
      book.level = book.level - slice.level - slice.perSecond * math.min(ms, leaseMs) / 1000
      book.slices[other] = nil
    end
  end
  return sum
end

-- Keeps the latest observation of each kind. Returns all of them with their ages.
local function observe(book, observations)
  for what, observation in pairs(observations) do
    local before = book.lessons[what]
    local at = now - observation.ageMs
    if not before or at > before.at + clockToleranceMs then
      book.lessons[what] = { value = observation.value, at = at }
    end
  end
  local all = {}
  for what, observation in pairs(book.lessons) do
    all[what] = { value = observation.value, ageMs = now - observation.at }
  end
  return all
end

local function allocate(book, report)
  local burst, own = report.burst, report.own
  local others = sum_of_others(book)
  -- Calls that an idle instance keeps.
  local minimum = burst >= count and math.max(1, math.floor(burst / count / 4)) or 0
  local level = own.level
  local known = book.slices[owner] or report.whole
  if not known then level = math.min(level, minimum) end
  local share = { lessons = observe(book, report.lessons) }

  local pause = now + report.pauseMs
  if report.pauseMs > -leaseMs and pause > book.pause + clockToleranceMs then
    book.pause, book.level, book.at = pause, level, pause
    others.level = 0
    for _, slice in pairs(book.slices) do slice.level, slice.at = 0, math.max(now, pause) end
  elseif book.pause > now - 2 * leaseMs and pause < book.pause - clockToleranceMs then
    share.pauseMs = book.pause - now
    level = 0
  end

  -- The whole bucket: refilled since, less what was spent, and no less than instances hold.
  local filled = book.level + report.perSecond * math.max(0, now - book.at) / 1000
  book.level = math.max(math.min(burst, filled) - report.spent, level + others.level)
  if report.whole then book.level = level + others.level end
  book.at = math.max(now, book.pause)
  -- An instance that made a call since then had a whole one.
  local lacks = report.spent == 0 and book.slices[owner] and book.slices[owner].lacks or nil
  book.slices[owner] = nil
  if report.leaves then return nil end

  local users = others.count + 1
  local idle = count - users
  local aside = idle * minimum
  local reserve = count > 1 and reservedPart * burst or 0
  local rate = report.perSecond * (1 - equalPart * idle / count)
  -- At a high rate each instance has one call at once and a part of the rate. What all may make at
  -- once beyond the burst is subtracted from the rate, so that no second has more calls than burst
  -- and rate allow. That holds as long as it leaves more than whole calls in turn would: a burst of
  -- them a second at most, and one for each instance.
  local left = rate - math.max(0, users + aside - burst)
  local byRate = report.perSecond >= highRate and left > math.min(users, burst)
  local function beyond_burst(calls)
    return byRate and math.max(0, calls + aside - burst) or 0
  end
  -- Instances that wait for a whole call, and have for longer.
  local ahead = 0
  for _, slice in pairs(book.slices) do
    if not byRate and slice.lacks and slice.lacks < (lacks or now) then ahead = ahead + 1 end
  end
  local part = (1 - equalPart) * report.demand / (report.demand + others.demand) + equalPart / users
  -- Several may begin at once.
  if not known then part = math.min(part, 1 / count) end
  -- Where the part is less than a call, beside those that others wait for, whole calls go in turn.
  local inTurn = not byRate and part * (burst - aside - reserve - ahead) < 1
  -- An instance with more holds one back for each of those: else what flows in would be spent on
  -- first and final texts as it comes, and never become a whole call.
  if not inTurn then aside = aside + ahead end
  local free = book.level - aside - level - others.level
  local pool = math.max(0, free - reserve)
  local target = math.max(0, part * (book.level - aside - reserve))
  local most = burst - aside - reserve
  share.burst, share.perSecond, share.gained, share.left = level, 0, 0, book.level
  if settled == 1 and inTurn then
    -- A part of a call helps no instance: whole ones go to the one that has waited longest, and less
    -- than one is given back, or no instance would ever have a whole one.
    local missing = math.max(0, 1 - level)
    lacks = missing > 0 and (lacks or now) or nil
    if missing + ahead <= free then
      share.gained = missing
      lacks = nil
    end
    share.burst = math.floor(level + share.gained)
  elseif settled == 1 then
    local spare = rate - others.perSecond
    local least = byRate and 1 or 0
    local wanted = least + part * math.max(0, most - least * users)
    -- That one call, too, is given only once the others have given back as much.
    least = math.min(least, burst - aside - others.burst + spare)
    share.burst = math.max(0, least, math.min(wanted, most - others.burst))
    -- Then rates are all there is: what the bucket holds besides was subtracted from them.
    if beyond_burst(others.burst + share.burst) > 0 then free, pool = 0, 0 end
    share.gained = math.max(0, math.min(target - level, share.burst - level, pool))
    local lacking = report.urgent - level - share.gained
    share.gained = share.gained + math.max(0, math.min(lacking, free - share.gained))
    share.burst = math.max(share.burst, math.min(level + share.gained, report.urgent))
    spare = spare - beyond_burst(others.burst + share.burst)
    share.perSecond = math.max(0, math.min(part * (rate - beyond_burst(users)), spare))
    if level + share.gained >= 1 then lacks = nil end
  end
  -- Less than a call too much is not worth moving.
  share.most = math.max(target, report.urgent) + 1
  book.slices[owner] = {
    level = level + share.gained,
    burst = math.max(own.burst, share.burst),
    perSecond = math.max(own.perSecond, share.perSecond),
    demand = report.demand,
    lacks = lacks,
    at = book.at,
  }
  return share
end

local reply = { count, settled }
for i = rest, #ARGV do
  local report = cjson.decode(ARGV[i])
  local level = report.had and report.own.level or report.burst
  local fresh = { level = level, at = now, pause = 0, slices = {}, lessons = {} }
  local decoded, book = pcall(cjson.decode, redis.call('HGET', budgets, report.key) or '')
  if not decoded then book = fresh end
  local done, share = pcall(allocate, book, report)
  -- A damaged one begins anew.
  if not done then
    book = fresh
    share = allocate(book, report)
  end
  redis.call('HSET', budgets, report.key, cjson.encode(book))
  redis.call('ZADD', spare, exact(math.max(now, book.pause) + rememberMs), report.key)
  reply[#reply + 1] = cjson.encode(share or {})
end

local forgotten = redis.call('ZRANGEBYSCORE', spare, '-inf', now, 'LIMIT', 0, 10)
for _, key in ipairs(forgotten) do
  redis.call('HDEL', budgets, key)
  redis.call('ZREM', spare, key)
end
redis.call('PEXPIRE', instances, rememberMs)
redis.call('PEXPIRE', budgets, 4 * rememberMs)
redis.call('PEXPIRE', spare, 4 * rememberMs)
return reply
