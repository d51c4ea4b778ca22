-- Who has a lease, and the highest version that it had seen when it took it. What is not of this form belongs
-- to nobody who could ask for it again, and counts as taken before the first version.
local function holder_of(lease)
  local stamp, from = string.match(lease, '^(%d+)|()')
  if not stamp or #stamp > 16 then return 0, nil end
  return tonumber(stamp), string.sub(lease, from)
end
