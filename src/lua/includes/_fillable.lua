-- Whether what a load has made may be written over `bytes`: when nothing is there, or still what the load saw
-- at its start, told by its beginning `seen`. Then nobody has written meanwhile: a header line names an
-- instant and a checksum, so that no other write begins with it.
--
-- An empty string is nothing too: it has no beginning to be told by, and no key must stay taken for ever.
local function fillable(bytes, seen)
  if not bytes or bytes == '' then return true end
  return seen ~= '' and string.sub(bytes, 1, #seen) == seen
end
