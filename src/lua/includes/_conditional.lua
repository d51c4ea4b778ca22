-- What the conditional writes share. `fault`: what is wrong with a call. `by_clears`: what the first of these strings
-- is, 'none' if no entry, 'dead' if its stamp is below `floor` or one of the `stars` versions behind it, else 'alive'.
-- `by_tags`: the same by the rest of the versions and `tag_floor`, which are those of `tags`; 'unknown' if the entry has
-- other tags, for a script cannot name their keys. With 'dead' both give the version that ended it, 0 where the
-- caller knows of it. `successor`: the bytes that are written, and for how long; a tombstone where the new entry has ended
-- already. Either lives for `fence` at least, so that no load that is slower than a short entry finds an empty place.
-- @include _milliseconds
-- @include _stamp
-- @include _tombstone
-- @include _whole
local function fault(value, ttl, member, log, floor, stars, tag_floor, fence)
  if not ttl then return 'expiration must be whole milliseconds' end
  if ttl > 0 and string.sub(value, 1, 1) ~= '|' then return 'value must begin with a bar' end
  if not member or (member == '') == (log ~= nil) then return 'there must be a log and a member, or neither' end
  if not whole(floor, 0, 9007199254740991) then return 'floor must be a version' end
  if not whole(stars, 0, 9007199254740991) then return 'stars must be a number of keys' end
  if not whole(tag_floor, 0, 9007199254740991) then return 'tagFloor must be a version' end
  if not milliseconds(fence, 1) then return 'fence must be whole milliseconds, at least 1' end
end
local function judge(found, from, to, floor)
  local stamp = stamp_of(found[1])
  if stamp < tonumber(floor) then return 'dead', 0 end
  for i = from, to do
    local version = tonumber(found[i] or '') or 0
    if stamp < version then return 'dead', version end
  end
  return 'alive'
end
local function by_clears(found, floor, stars)
  if not found[1] or not stamp_of(found[1]) then return 'none' end
  return judge(found, 2, 1 + tonumber(stars), floor)
end
local function by_tags(entry, found, stars, tags, tag_floor)
  if entry.tags == '' then return 'alive' end
  if entry.tags ~= tags then return 'unknown' end
  return judge(found, 2 + tonumber(stars), #found, tag_floor)
end
local function successor(stamp, value, ttl, fence)
  local bytes = ttl > 0 and 'h1|e|' .. stamp .. value or tombstone(stamp)
  return bytes, string.format('%.0f', math.max(ttl, tonumber(fence)))
end
