-- Whether what a load has made may be written over `bytes`: when nothing is there, or still what the load saw
-- at its start, told by its beginning `seen`. Then nobody has written meanwhile: a header line names an
-- instant and a checksum, so that no other write begins with it. A tombstone that is no newer than `stamp`,
-- what the load knew when it started, says nothing against it either.
--
-- An empty string is nothing too: it has no beginning to be told by, and no key must stay taken for ever.
-- @include _tombstone
local function fillable(bytes, seen, stamp)
  if not bytes or bytes == '' then return true end
  if seen ~= '' and string.sub(bytes, 1, #seen) == seen then return true end
  local version = fenced_at(bytes)
  return version ~= nil and version <= stamp
end
