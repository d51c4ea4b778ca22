-- What stands under the key of a lock: `<fence>|<token>` while somebody has it, `|<token>` for a while after it was
-- given back. `held_by` is the token and its fence, empty where it was given back; nothing for what is not ours.
-- `is_held`: whether somebody has it, if only until its time is up.
local function held_by(bytes)
  local fence, token = string.match(bytes or '', '^(%d*)|(.+)$')
  return token, fence
end
local function is_held(bytes)
  return bytes and string.sub(bytes, 1, 1) ~= '|'
end
