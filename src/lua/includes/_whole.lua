-- A whole number in plain digits and within bounds; nil for anything else.
--
-- Engines disagree about everything else: one `tonumber` takes '1e3', ' 5 ' and 'inf', another refuses them,
-- and arithmetic on the text '010' gives 10 here and 8 there.
local function whole(text, min, max)
  if not text or #text > 16 then return nil end
  if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end
  local number = tonumber(text)
  if number < min or number > max then return nil end
  return number
end
