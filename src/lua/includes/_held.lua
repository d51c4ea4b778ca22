-- What stands under the key of a lock: `<fence>|<token>` while somebody has it, `|<verdict>|<token>` for a while after
-- it was given back (without a verdict by earlier scripts: 1). `held_by` is the token, none for what is not ours, its
-- fence, empty where it was given back, and the verdict: what to say when it is given back, or what was said.
-- `is_held`: whether somebody has it, if only until its time is up.
local function held_by(bytes)
  local verdict, giver = string.match(bytes or '', '^|(-?[01])|(.+)$')
  if giver then return giver, '', tonumber(verdict) end
  local fence, token = string.match(bytes or '', '^(%d*)|(.+)$')
  return token, fence, 1
end
local function is_held(bytes)
  return bytes and string.sub(bytes, 1, 1) ~= '|'
end
