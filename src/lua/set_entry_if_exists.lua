-- Replaces an entry of the cache only if its key has one that is alive, fresh and can be decoded, and says
-- whether it did: an update that never brings back what was removed or has expired. The new entry has a new version
-- as its stamp, which is drawn only when it is written.
--
-- Not idempotent: run again, late, it would undo what was written in between. Without a log a write costs one
-- command less; one in 256 trims the log, for one more.
--
-- KEYS[1] entry
-- KEYS[2] version
-- KEYS[3] log?
-- KEYS[4..N] versions? - of the last clears, then of `tags`, two for each: an entry with a stamp below one that
--   concerns it counts as nothing
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] value: string - the bytes of the new entry from the bar behind its stamp on
-- ARGV[4] expiration: milliseconds - 0: the new entry has expired already, and a tombstone replaces the old one
-- ARGV[5] member: string - the entry's name in the log; empty without a log
-- ARGV[6] floor: integer - a version: an entry with a stamp below it counts as nothing
-- ARGV[7] stars: integer - how many of the versions are of clears, which concern every entry
-- ARGV[8] tags: string - those of an entry that the other versions concern, as its header has them; empty for none
-- ARGV[9] tagFloor: integer - a version: an entry with these tags and a stamp below it counts as nothing
-- ARGV[10] fence: milliseconds - the shortest time that Redis keeps what is written; from 1
-- ARGV[11] channel?: string - its subscribers are notified at once, for one command more
-- ARGV[12] message?: string - what is published, behind the version
-- returns readonly [state: 1 | 0 | -2 | -3 | -4, version: number, tags: string | null] - 1 when it wrote, 0 when no
--   entry is there, -2 when the versions are not seeded, -3 when the entry has other tags, -4 when a tag or a clear
--   has ended it; the new version, with -4 that which has ended the entry or 0 if the caller knows it, else 0; with -3
--   the tags of the entry
-- @idempotent no
-- @commands 6 when it writes, 3 when what is there has expired or was ended by a tag or has other tags, 2 when nothing
--   is there or it was cleared, 4 when not seeded

-- @include _conditional
-- @include _fresh_entry
-- @include _instant
-- @include _log
-- @include _milliseconds
-- @include _readable
-- @include _refuse
-- @include _version

local ttl = milliseconds(ARGV[4], 0)
local why = fault(ARGV[3], ttl, ARGV[5], KEYS[3], ARGV[6], ARGV[7], ARGV[9], ARGV[10])
if why then return refuse(why) end
local found = redis.call('MGET', KEYS[1], unpack(KEYS, 4))
local verdict, ended_by = by_clears(found, ARGV[6], ARGV[7])
if verdict == 'none' then return { 0, 0, false } end
if verdict == 'dead' then return { -4, ended_by, false } end
local entry = fresh_entry(found[1], KEYS[1], ARGV[1], instant(redis.call('TIME')))
if not readable(entry, ARGV[2]) then return { 0, 0, false } end
verdict, ended_by = by_tags(entry, found, ARGV[7], ARGV[8], ARGV[9])
if verdict == 'unknown' then return { -3, 0, entry.tags } end
if verdict == 'dead' then return { -4, ended_by, false } end
local version = redis.call('INCR', KEYS[2])
if not seeded(version) then return { -2, 0, false } end
if KEYS[3] then
  redis.call('ZADD', KEYS[3], digits(version), ARGV[5])
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', limit) end
end
local after, px = successor(digits(version), ARGV[3], ttl, ARGV[10])
redis.call('SET', KEYS[1], after, 'PX', px)
if ARGV[11] then redis.pcall('PUBLISH', ARGV[11], digits(version) .. (ARGV[12] or '')) end
return { 1, version, false }
