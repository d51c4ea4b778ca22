-- The reply of TIME as an instant, in whole microseconds: exact below 2^53, that is until the year 2255.
local function micros(time)
  return tonumber(time[1]) * 1000000 + tonumber(time[2])
end
