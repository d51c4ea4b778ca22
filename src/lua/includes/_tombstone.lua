-- What stays in the place of an entry that is gone: the version that ended it, so that what was made of older
-- data finds no empty place. `fenced_at` is that version, nil for all other bytes.
local function tombstone(stamp)
  return 'h1|t|' .. stamp .. '\n'
end
local function fenced_at(bytes)
  local stamp = string.match(bytes, '^h1|t|(%d+)\n$')
  return stamp and #stamp <= 16 and tonumber(stamp) or nil
end
