-- Writes an entry of the cache only if its key has none that is alive, fresh and can be decoded, and says
-- whether it did. Whatever else is under the key counts as nothing, whatever its type. The new entry has a
-- version of its own as its stamp, which is drawn only when it is written.
--
-- MGET, since GET is an error where the key holds a list. Not idempotent: see SetIfNotExists. Without a log a
-- write costs one command less; one in 256 trims the log, for one more.
--
-- KEYS[1] entry
-- KEYS[2] version
-- KEYS[3] log?
-- KEYS[4..N] versions? - of the last clears, then of `tags`, two for each: an entry with a stamp below one that
--   concerns it counts as nothing
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] value: string - the bytes of the new entry from the bar behind its stamp on
-- ARGV[4] expiration: milliseconds - from 1
-- ARGV[5] member: string - the entry's name in the log; empty without a log
-- ARGV[6] floor: integer - a version: an entry with a stamp below it counts as nothing
-- ARGV[7] stars: integer - how many of the versions are of clears, which concern every entry
-- ARGV[8] tags: string - those of an entry that the other versions concern, as its header has them; empty for none
-- ARGV[9] tagFloor: integer - a version: an entry with these tags and a stamp below it counts as nothing
-- ARGV[10] fence: milliseconds - the shortest time that Redis keeps what is written; from 1
-- ARGV[11] channel?: string - its subscribers are notified at once, for one command more
-- ARGV[12] message?: string - what is published, behind the version
-- returns readonly [state: 1 | 0 | -2 | -3, version: number, tags: string | null] - 1 when it wrote, 0 when an
--   entry is there, -2 when the versions are not seeded and nothing is written, -3 when the entry has other tags,
--   and nothing is written; the new version, 0 for none; with -3 the tags of the entry
-- @idempotent no
-- @commands 5 when nothing is there or it was cleared, 3 when an entry is, 6 when what is there has expired or was ended
--   by a tag, 3 when not seeded

-- @include _conditional
-- @include _fresh_entry
-- @include _instant
-- @include _log
-- @include _milliseconds
-- @include _readable
-- @include _refuse
-- @include _version

local ttl = milliseconds(ARGV[4], 1)
local why = fault(ARGV[3], ttl, ARGV[5], KEYS[3], ARGV[6], ARGV[7], ARGV[9], ARGV[10])
if why then return refuse(why) end
local found = redis.call('MGET', KEYS[1], unpack(KEYS, 4))
if by_clears(found, ARGV[6], ARGV[7]) == 'alive' then
  local entry = fresh_entry(found[1], KEYS[1], ARGV[1], instant(redis.call('TIME')))
  local verdict = readable(entry, ARGV[2]) and by_tags(entry, found, ARGV[7], ARGV[8], ARGV[9])
  if verdict == 'unknown' then return { -3, 0, entry.tags } end
  if verdict == 'alive' then return { 0, 0, false } end
end
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
