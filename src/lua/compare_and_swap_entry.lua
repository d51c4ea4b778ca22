-- Replaces an entry of the cache only if it is alive, fresh and its value is the one expected, compared as text
-- before compression: what was read, changed and is written back never overwrites what was written in
-- between. The new entry has a version of its own as its stamp, which is drawn only when it is written.
--
-- A compressed entry keeps the SHA-1 of its text, so that nothing is decompressed here. Not idempotent: see
-- CompareAndSwap. Without a log a write costs one command less; one in 256 trims the log, for one more.
--
-- KEYS[1] entry
-- KEYS[2] version
-- KEYS[3] log?
-- KEYS[4..N] versions? - of the last clears, then of `tags`, two for each: an entry with a stamp below one that
--   concerns it counts as nothing
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codec: string - of the expected value
-- ARGV[3] text: string - of the expected value
-- ARGV[4] sha: string - the SHA-1 of that text, in hexadecimal
-- ARGV[5] value: string - the bytes of the new entry from the bar behind its stamp on
-- ARGV[6] expiration: milliseconds - 0: the new entry has expired already, and a tombstone replaces the old one
-- ARGV[7] member: string - the entry's name in the log; empty without a log
-- ARGV[8] floor: integer - a version: an entry with a stamp below it counts as nothing
-- ARGV[9] stars: integer - how many of the versions are of clears, which concern every entry
-- ARGV[10] tags: string - those of an entry that the other versions concern, as its header has them; empty for none
-- ARGV[11] tagFloor: integer - a version: an entry with these tags and a stamp below it counts as nothing
-- ARGV[12] fence: milliseconds - the shortest time that Redis keeps what is written; from 1
-- ARGV[13] channel?: string - its subscribers are notified at once, for one command more
-- ARGV[14] message?: string - what is published, behind the version
-- returns readonly [state: 1 | 0 | -1 | -2 | -3 | -4, version: number, tags: string | null] - 1 when it swapped, 0
--   when the value is a different one, -1 when there is none, -2 when the versions are not seeded, -3 when the entry
--   has the value, but other tags, -4 when a tag or a clear has ended it; the new version, with -4 that which has
--   ended the entry or 0 if the caller knows it, else 0; with -3 the tags of the entry
-- @idempotent no
-- @commands 6 when it swaps, 3 when not, 2 when nothing is there or it was cleared, 4 when not seeded

-- @include _conditional
-- @include _fresh_entry
-- @include _instant
-- @include _log
-- @include _milliseconds
-- @include _refuse
-- @include _version

local ttl = milliseconds(ARGV[6], 0)
local why = fault(ARGV[5], ttl, ARGV[7], KEYS[3], ARGV[8], ARGV[9], ARGV[11], ARGV[12])
if why then return refuse(why) end
local found = redis.call('MGET', KEYS[1], unpack(KEYS, 4))
local verdict, ended_by = by_clears(found, ARGV[8], ARGV[9])
if verdict == 'none' then return { -1, 0, false } end
if verdict == 'dead' then return { -4, ended_by, false } end
local entry = fresh_entry(found[1], KEYS[1], ARGV[1], instant(redis.call('TIME')))
if not entry then return { -1, 0, false } end
local same = entry.codec == ARGV[2]
if entry.zip == '' then
  same = same and string.sub(found[1], entry.payload_from) == ARGV[3]
else
  same = same and entry.digest == ARGV[4]
end
if not same then return { 0, 0, false } end
verdict, ended_by = by_tags(entry, found, ARGV[9], ARGV[10], ARGV[11])
if verdict == 'unknown' then return { -3, 0, entry.tags } end
if verdict == 'dead' then return { -4, ended_by, false } end
local version = redis.call('INCR', KEYS[2])
if not seeded(version) then return { -2, 0, false } end
if KEYS[3] then
  redis.call('ZADD', KEYS[3], digits(version), ARGV[7])
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', limit) end
end
local after, px = successor(digits(version), ARGV[5], ttl, ARGV[12])
redis.call('SET', KEYS[1], after, 'PX', px)
if ARGV[13] then redis.pcall('PUBLISH', ARGV[13], digits(version) .. (ARGV[14] or '')) end
return { 1, version, false }
