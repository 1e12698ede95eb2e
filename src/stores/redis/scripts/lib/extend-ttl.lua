-- Time to live of questions and turns: `idleTtlMs` after the last step on them, so that data which
-- no instance works on any more expires by itself.
local function extend_ttl(...)
  for _, key in ipairs({ ... }) do redis.call('PEXPIRE', key, idleTtlMs) end
end

-- Time to live of history and positions: a day more than the retention time, so that they expire
-- though no instance runs that sweeps them.
local function keep_for_retention(...)
  for _, key in ipairs({ ... }) do redis.call('PEXPIRE', key, retentionMs + 86400000) end
end
