-- What the conditional writes share. `fault`: what is wrong with a call. `alive`: whether the first of these strings
-- is an entry with a stamp that is below neither `floor` nor one of the versions behind it, of which so many are
-- those of `stars`. `by_tags`: 'dead' if it is below one of the rest, which are those of `tags`, 'alive' if not, and
-- 'unknown' if the entry has other tags: a script cannot name their keys. `successor`: the bytes that are written,
-- and for how long; a tombstone where the new entry has ended already. Either lives for `fence` at least, so that
-- no load that is slower than a short entry finds an empty place.
-- @include _milliseconds
-- @include _stamp
-- @include _tombstone
-- @include _whole
local function fault(value, ttl, member, log, floor, stars, fence)
  if not ttl then return 'expiration must be whole milliseconds' end
  if ttl > 0 and string.sub(value, 1, 1) ~= '|' then return 'value must begin with a bar' end
  if not member or (member == '') == (log ~= nil) then return 'there must be a log and a member, or neither' end
  if not whole(floor, 0, 9007199254740991) then return 'floor must be a version' end
  if not whole(stars, 0, 9007199254740991) then return 'stars must be a number of keys' end
  if not milliseconds(fence, 1) then return 'fence must be whole milliseconds, at least 1' end
end
local function spared(stamp, found, from, to)
  for i = from, to do
    if stamp < (tonumber(found[i] or '') or 0) then return false end
  end
  return true
end
local function alive(found, floor, stars)
  local stamp = found[1] and stamp_of(found[1])
  return stamp and stamp >= tonumber(floor) and spared(stamp, found, 2, 1 + tonumber(stars))
end
local function by_tags(entry, found, stars, tags)
  if entry.tags == '' then return 'alive' end
  if entry.tags ~= tags then return 'unknown' end
  return spared(stamp_of(found[1]), found, 2 + tonumber(stars), #found) and 'alive' or 'dead'
end
local function successor(stamp, value, ttl, fence)
  local bytes = ttl > 0 and 'h1|e|' .. stamp .. value or tombstone(stamp)
  return bytes, string.format('%.0f', math.max(ttl, tonumber(fence)))
end
