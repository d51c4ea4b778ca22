-- A rate limit that is blocked has 'b', an instant in microseconds and ';' before its state. `blocked_until` gives
-- that instant, 0 where nothing stops it now, and the state; `blocked` puts both together.
local function blocked_until(bytes, now)
  local ends, state = string.match(bytes, '^b(%d+);(.*)$')
  if not ends then return 0, bytes end
  return tonumber(ends) > now and tonumber(ends) or 0, state
end
local function blocked(ends, state)
  return (ends > 0 and string.format('b%.0f;', ends) or '') .. state
end
