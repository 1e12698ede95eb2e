-- Splits budgets between the instances that spend them. One of them comes with its account of each,
-- as JSON behind the named arguments. Gives how many instances there are, 1 if all of them came
-- since this one first did, and the shares, as JSON, in the order of the accounts.
-- What an instance holds is what it says whenever it comes: what it is told to let go of is free
-- when it comes again without it, whatever became of the answer. So is what was not heard of.
-- KEYS instances budgets spare
-- ARGV owner leaseMs sinceMs ...
-- WITH clock
leaseMs, sinceMs = tonumber(leaseMs), tonumber(sinceMs)
-- How long a budget that nobody uses is remembered; what refusals taught is forgotten by then.
local keepMs = 900000
-- Moments that come from one another by way of two clocks differ by less.
local blurMs = 500
-- Part of the rate that is split evenly, so that nobody is left with nothing.
local even = 0.05
-- Part of a bucket that only first and final texts that wait have, wherever they do.
local kept = 0.1
-- From so many calls a second on, a platform counts what is made in a second: calls at once and
-- calls that follow one another are the same to it.
local swift = 10

local latest = tonumber(redis.call('ZRANGE', instances, -1, -1, 'WITHSCORES')[2])
-- It has come before, but nobody is known: the books are lost, and others may well come soon.
local lost = not latest and sinceMs > 0
latest = latest or now
-- Nobody came for so long: Redis was away, and those who spent before still do.
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

-- Adds up what the others have; what those had who are gone may be spent.
local function others_of(book)
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

-- Keeps what was learned last, and gives it back with its age.
local function learn(book, lessons)
  for what, lesson in pairs(lessons) do
    local known = book.lessons[what]
    local at = now - lesson.ageMs
    if not known or at > known.at + blurMs then
      book.lessons[what] = { value = lesson.value, at = at }
    end
  end
  local all = {}
  for what, lesson in pairs(book.lessons) do
    all[what] = { value = lesson.value, ageMs = now - lesson.at }
  end
  return all
end

local function divide(book, account)
  local burst, own = account.burst, account.own
  local others = others_of(book)
  local trickle = burst >= count and math.max(1, math.floor(burst / count / 4)) or 0
  local level = own.level
  local known = book.slices[owner] or account.whole
  if not known then level = math.min(level, trickle) end
  local share = { lessons = learn(book, account.lessons) }

  local pause = now + account.pauseMs
  if account.pauseMs > -leaseMs and pause > book.pause + blurMs then
    book.pause, book.level, book.at = pause, level, pause
    others.level = 0
    for _, slice in pairs(book.slices) do slice.level, slice.at = 0, math.max(now, pause) end
  elseif book.pause > now - 2 * leaseMs and pause < book.pause - blurMs then
    share.pauseMs = book.pause - now
    level = 0
  end

  -- What the whole bucket holds: filled since, less what was spent, and no less than is held.
  local filled = book.level + account.perSecond * math.max(0, now - book.at) / 1000
  book.level = math.max(math.min(burst, filled) - account.spent, level + others.level)
  if account.whole then book.level = level + others.level end
  book.at = math.max(now, book.pause)
  -- Whoever made a call since then had one.
  local lacks = account.spent == 0 and book.slices[owner] and book.slices[owner].lacks or nil
  book.slices[owner] = nil
  if account.leaves then return nil end

  local users = others.count + 1
  local absent = count - users
  local aside = absent * trickle
  local reserve = count > 1 and kept * burst or 0
  local rate = account.perSecond * (1 - even * absent / count)
  -- With a swift budget everybody has one call at once and a part of the rate. What all may make
  -- at once beyond the burst is taken off the rate, so that no more than burst and rate are made
  -- in any second; as long as that leaves more than lent calls, of which there are a burst a second
  -- at most, and one for each.
  local left = rate - math.max(0, users + aside - burst)
  local flows = account.perSecond >= swift and left > math.min(users, burst)
  local function beyond(calls) return flows and math.max(0, calls + aside - burst) or 0 end
  -- Others that wait for a whole call, and have for longer.
  local before = 0
  for _, slice in pairs(book.slices) do
    if not flows and slice.lacks and slice.lacks < (lacks or now) then before = before + 1 end
  end
  local part = (1 - even) * account.demand / (account.demand + others.demand) + even / users
  -- Several may begin at once.
  if not known then part = math.min(part, 1 / count) end
  -- Whose part is less than a call beside those that others wait for waits with them.
  local lent = not flows and part * (burst - aside - reserve - before) < 1
  -- Whoever has more holds one back for each of them: else what flows in would be taken for first
  -- and final texts as it comes, and never become a whole call.
  if not lent then aside = aside + before end
  local free = book.level - aside - level - others.level
  local pool = math.max(0, free - reserve)
  local target = math.max(0, part * (book.level - aside - reserve))
  local most = burst - aside - reserve
  share.burst, share.perSecond, share.gained, share.left = level, 0, 0, book.level
  if settled == 1 and lent then
    -- Parts of calls are of no use to anybody: whole ones go to whoever has waited longest, and
    -- what is less than one is let go of, or nobody would ever have a whole one.
    local missing = math.max(0, 1 - level)
    lacks = missing > 0 and (lacks or now) or nil
    if missing + before <= free then
      share.gained = missing
      lacks = nil
    end
    share.burst = math.floor(level + share.gained)
  elseif settled == 1 then
    local spare = rate - others.perSecond
    local least = flows and 1 or 0
    local wanted = least + part * math.max(0, most - least * users)
    -- The one call, too, is had only once the others have let go of as much.
    least = math.min(least, burst - aside - others.burst + spare)
    share.burst = math.max(0, least, math.min(wanted, most - others.burst))
    -- Then rates are all there is: what the book holds besides was taken off them.
    if beyond(others.burst + share.burst) > 0 then free, pool = 0, 0 end
    share.gained = math.max(0, math.min(target - level, share.burst - level, pool))
    local lacking = account.urgent - level - share.gained
    share.gained = share.gained + math.max(0, math.min(lacking, free - share.gained))
    share.burst = math.max(share.burst, math.min(level + share.gained, account.urgent))
    spare = spare - beyond(others.burst + share.burst)
    share.perSecond = math.max(0, math.min(part * (rate - beyond(users)), spare))
    if level + share.gained >= 1 then lacks = nil end
  end
  -- Less than a call too much is not worth moving.
  share.most = math.max(target, account.urgent) + 1
  book.slices[owner] = {
    level = level + share.gained,
    burst = math.max(own.burst, share.burst),
    perSecond = math.max(own.perSecond, share.perSecond),
    demand = account.demand,
    lacks = lacks,
    at = book.at,
  }
  return share
end

local reply = { count, settled }
for i = rest, #ARGV do
  local account = cjson.decode(ARGV[i])
  local full = account.had and account.own.level or account.burst
  local fresh = { level = full, at = now, pause = 0, slices = {}, lessons = {} }
  local fine, book = pcall(cjson.decode, redis.call('HGET', budgets, account.key) or '')
  if not fine then book = fresh end
  local done, share = pcall(divide, book, account)
  -- A damaged one begins anew.
  if not done then
    book = fresh
    share = divide(book, account)
  end
  redis.call('HSET', budgets, account.key, cjson.encode(book))
  redis.call('ZADD', spare, exact(math.max(now, book.pause) + keepMs), account.key)
  reply[#reply + 1] = cjson.encode(share or {})
end

local forgotten = redis.call('ZRANGEBYSCORE', spare, '-inf', now, 'LIMIT', 0, 10)
for _, key in ipairs(forgotten) do
  redis.call('HDEL', budgets, key)
  redis.call('ZREM', spare, key)
end
redis.call('PEXPIRE', instances, keepMs)
redis.call('PEXPIRE', budgets, 4 * keepMs)
redis.call('PEXPIRE', spare, 4 * keepMs)
return reply
