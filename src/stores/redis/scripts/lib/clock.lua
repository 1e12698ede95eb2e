-- Redis' own time in milliseconds, with fractions: the one clock of all instances.
local time = redis.call('TIME')
local now = time[1] * 1000 + time[2] / 1000
-- A number as text that reads back as the same number.
local function exact(number) return string.format('%.17g', number) end
