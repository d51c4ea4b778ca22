-- The version that an entry is known to be at least as new as, 0 where it names none; nil for what is no entry.
local function stamp_of(bytes)
  local stamp = string.match(bytes, '^h1|e|(%d*)|')
  if not stamp or #stamp > 16 then return nil end
  return stamp == '' and 0 or tonumber(stamp)
end
