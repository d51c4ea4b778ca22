-- What the bytes under a key say, if they are the entry of that very key and still fresh; nil for all else:
-- nothing, what has expired, a tombstone, another key's entry, what another program wrote. `prefix` is what
-- the key has before its address, `now` the instant to judge by. Fields: docs/wire-format.md. The payload is
-- not looked into, so that damage to it shows only where it is read.
local entry_line = '^h1|e|%d*|(%d+)|()(%d+)|(%d*)|(%d*)()|(%d*)|%d*|%x%x%x%x%x%x%x%x|'
  .. '([^|\n]*)|([^|\n]*)|(%x*)|([^|\n]*)|[^|\n]*|[^|\n]*|([^|\n]*)\n()'
local escapes = { ['%'] = '%25', ['|'] = '%7c', [','] = '%2c', ['\n'] = '%0a' }
local function fresh_entry(bytes, key, prefix, now)
  if not bytes then return nil end
  local created, from, fresh, stale, end_at, end_to, idle, codec, zip, digest, tags, address, payload_from =
    string.match(bytes, entry_line)
  if not from or #created > 16 or #fresh > 16 or #stale > 16 or tonumber(fresh) <= now then return nil end
  if address ~= string.gsub(string.sub(key, #prefix + 2), '[%%|,\n]', escapes) then return nil end
  return {
    created = tonumber(created), from = from, to = from + #fresh, fresh = tonumber(fresh),
    stale = stale ~= '' and tonumber(stale) or 0, end_at = end_at, end_to = end_to,
    idle = idle, codec = codec, zip = zip, digest = digest, tags = tags, payload_from = payload_from,
  }
end
