-- The words that end a SET: for milliseconds, for 0 (never expires), for 'keep' (whatever the key has now)
-- where that makes sense; nil for anything else.
-- @include _milliseconds
local function lifetime(text, may_keep)
  if may_keep and text == 'keep' then return { 'KEEPTTL' } end
  if text == '0' then return {} end
  return milliseconds(text, 1) and { 'PX', text }
end
