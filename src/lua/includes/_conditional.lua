-- What the conditional writes share. `fault`: what is wrong with a call. `alive`: whether nothing is known against
-- the first of these strings; a stamp below `floor`, or a star behind it, is too old, and `dead` is the header line
-- of an entry whose tags were invalidated. `suspect`: whether only the caller can tell, for the entry has tags, and `vouched` is not
-- its header line. `successor`: the bytes that are written, and for how long; a tombstone where the new
-- entry has ended already. Either lives for `fence` at least, so that no load that is slower than a short entry
-- finds an empty place.
-- @include _milliseconds
-- @include _stamp
-- @include _tombstone
-- @include _whole
local function fault(value, ttl, member, log, floor, fence)
  if not ttl then return 'expiration must be whole milliseconds' end
  if ttl > 0 and string.sub(value, 1, 1) ~= '|' then return 'value must begin with a bar' end
  if not member or (member == '') == (log ~= nil) then return 'there must be a log and a member, or neither' end
  if not whole(floor, 0, 9007199254740991) then return 'floor must be a version' end
  if not milliseconds(fence, 1) then return 'fence must be whole milliseconds, at least 1' end
end
local function alive(found, floor, dead)
  local bytes = found[1]
  local stamp = bytes and stamp_of(bytes)
  if not stamp or stamp < tonumber(floor) then return false end
  for i = 2, #found do
    if stamp < (tonumber(found[i] or '') or 0) then return false end
  end
  return dead == '' or string.sub(bytes, 1, #dead) ~= dead
end
local function suspect(head, vouched)
  return head ~= vouched and not string.match(head, '||[^|\n]*|[^|\n]*|[^|\n]*\n$')
end
local function successor(stamp, value, ttl, fence)
  local bytes = ttl > 0 and 'h1|e|' .. stamp .. value or tombstone(stamp)
  return bytes, string.format('%.0f', math.max(ttl, tonumber(fence)))
end
