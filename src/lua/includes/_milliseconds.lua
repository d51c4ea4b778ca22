-- A time span in whole milliseconds, at least `min`; nil for anything else. A hundred years is the most: not
-- far beyond it the instant, counted in nanoseconds, no longer fits 64 bits.
-- @include _whole
local function milliseconds(text, min)
  return whole(text, min, 3155760000000)
end
