-- Replaces an entry of the cache only if its key has one that is fresh and can be decoded, and says whether
-- it did: an update that never brings back what was removed or has expired.
--
-- Not idempotent: run again, late, it would undo what was written in between.
--
-- KEYS[1] entry
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] value: string - the bytes of the new entry
-- ARGV[4] expiration: milliseconds - 0: the new entry has ended already, and the old one just goes
-- returns 0 | 1 - 1 when it wrote
-- @idempotent no
-- @commands 4 when it writes, 3 when what is there counts as nothing, 2 when nothing is there

-- @include _fresh_entry
-- @include _instant
-- @include _milliseconds
-- @include _readable
-- @include _refuse

local ttl = milliseconds(ARGV[4], 0)
if not ttl then return refuse('expiration must be whole milliseconds, or 0') end
local bytes = redis.call('MGET', KEYS[1])[1]
if not bytes then return 0 end
local entry = fresh_entry(bytes, KEYS[1], ARGV[1], instant(redis.call('TIME')))
if not readable(entry, ARGV[2]) then return 0 end
if ttl > 0 then redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4]) else redis.call('DEL', KEYS[1]) end
return 1
