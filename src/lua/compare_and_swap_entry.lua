-- Replaces an entry of the cache only if it is fresh and its value is the one expected, compared as text
-- before compression: what was read, changed and is written back never overwrites what was written in
-- between.
--
-- A compressed entry keeps the SHA-1 of its text, so that nothing is decompressed here. Not idempotent: see
-- CompareAndSwap.
--
-- KEYS[1] entry
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codec: string - of the expected value
-- ARGV[3] text: string - of the expected value
-- ARGV[4] sha: string - the SHA-1 of that text, in hexadecimal
-- ARGV[5] value: string - the bytes of the new entry
-- ARGV[6] expiration: milliseconds - 0: the new entry has ended already, and the old one just goes
-- returns 1 | 0 | -1 - 1 when it swapped, 0 when the value is another, -1 when there is none
-- @idempotent no
-- @commands 4 when it swaps, 3 when not, 2 when nothing is there

-- @include _fresh_entry
-- @include _instant
-- @include _milliseconds
-- @include _refuse

local ttl = milliseconds(ARGV[6], 0)
if not ttl then return refuse('expiration must be whole milliseconds, or 0') end
local bytes = redis.call('MGET', KEYS[1])[1]
if not bytes then return -1 end
local entry = fresh_entry(bytes, KEYS[1], ARGV[1], instant(redis.call('TIME')))
if not entry then return -1 end
local same = entry.codec == ARGV[2]
if entry.zip == '' then
  same = same and string.sub(bytes, entry.payload_from) == ARGV[3]
else
  same = same and entry.digest == ARGV[4]
end
if not same then return 0 end
if ttl > 0 then redis.call('SET', KEYS[1], ARGV[5], 'PX', ARGV[6]) else redis.call('DEL', KEYS[1]) end
return 1
