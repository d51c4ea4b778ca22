-- Whether a caller that knows `codecs`, each between commas, can decode an entry. One that it cannot decode
-- is a miss to it, and counts as nothing here too: else a new serializer would find its keys taken.
local function readable(entry, codecs)
  if not entry or not string.match(entry.codec, '^[%w:._-]+$') then return false end
  return string.find(codecs, ',' .. entry.codec .. ',', 1, true) ~= nil
end
