-- Writes an entry of the cache only if its key has none that is fresh and can be decoded, and says whether it
-- did. Whatever else is under the key counts as nothing, whatever its type.
--
-- MGET, since GET is an error where the key holds a list. Not idempotent: see SetIfNotExists.
--
-- KEYS[1] entry
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] value: string - the bytes of the new entry
-- ARGV[4] expiration: milliseconds - from 1
-- returns 0 | 1 - 1 when it wrote
-- @idempotent no
-- @commands 3 when nothing is there or an entry is, 4 when what is there counts as nothing

-- @include _fresh_entry
-- @include _instant
-- @include _milliseconds
-- @include _readable
-- @include _refuse

if not milliseconds(ARGV[4], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
local bytes = redis.call('MGET', KEYS[1])[1]
if bytes then
  local entry = fresh_entry(bytes, KEYS[1], ARGV[1], instant(redis.call('TIME')))
  if readable(entry, ARGV[2]) then return 0 end
end
redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
return 1
