-- The reply of TIME as an instant, in milliseconds as in the header of an entry.
local function instant(time)
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
