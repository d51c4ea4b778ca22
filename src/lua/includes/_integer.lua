-- A whole number of either sign that Lua holds exactly (below 2^53); nil for anything else.
-- @include _whole
local function integer(text)
  if not text then return nil end
  local digits = string.match(text, '^%-([1-9]%d*)$')
  if not digits then return whole(text, 0, 9007199254740991) end
  local number = whole(digits, 1, 9007199254740991)
  return number and -number
end
