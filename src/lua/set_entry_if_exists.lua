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
-- KEYS[4..N] stars? - the versions of the last clear: an entry with a stamp below one of them counts as nothing
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] value: string - the bytes of the new entry from the bar behind its stamp on
-- ARGV[4] expiration: milliseconds - 0: the new entry has expired already, and a tombstone replaces the old one
-- ARGV[5] member: string - the entry's name in the log; empty without a log
-- ARGV[6] floor: integer - a version: an entry with a stamp below it counts as nothing
-- ARGV[7] dead: string - the header line, with its line end, of an entry that counts as nothing; empty for none
-- ARGV[8] fence: milliseconds - the shortest time that Redis keeps what is written; from 1
-- ARGV[9] vouched: string - the header line, with its line end, of an entry whose tags were not invalidated; empty
--   for none
-- ARGV[10] channel?: string - its subscribers are notified at once, for one command more
-- ARGV[11] message?: string - what is published, behind the version
-- returns readonly [state: 1 | 0 | -2 | -3, version: number, head: string | null] - 1 when it wrote, 0 when no
--   entry is there, -2 when the versions are not seeded and nothing is written, -3 when the entry has tags that
--   the caller has not vouched for; the new version, 0 for none; the header line of the entry that was there
-- @idempotent no
-- @commands 6 when it writes, 3 when what is there has expired or has tags that the caller has not vouched for, 2
--   when nothing is there, 4 when not seeded

-- @include _conditional
-- @include _fresh_entry
-- @include _instant
-- @include _log
-- @include _milliseconds
-- @include _readable
-- @include _refuse
-- @include _version

local ttl = milliseconds(ARGV[4], 0)
local why = fault(ARGV[3], ttl, ARGV[5], KEYS[3], ARGV[6], ARGV[8])
if why then return refuse(why) end
if not ARGV[9] then return refuse('vouched is missing') end
local found = redis.call('MGET', KEYS[1], unpack(KEYS, 4))
local bytes = found[1]
if not alive(found, ARGV[6], ARGV[7]) then return { 0, 0, false } end
local entry = fresh_entry(bytes, KEYS[1], ARGV[1], instant(redis.call('TIME')))
if not readable(entry, ARGV[2]) then return { 0, 0, false } end
local head = string.sub(bytes, 1, entry.payload_from - 1)
if suspect(head, ARGV[9]) then return { -3, 0, head } end
local version = redis.call('INCR', KEYS[2])
if not seeded(version) then return { -2, 0, head } end
if KEYS[3] then
  redis.call('ZADD', KEYS[3], digits(version), ARGV[5])
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', limit) end
end
local after, px = successor(digits(version), ARGV[3], ttl, ARGV[8])
redis.call('SET', KEYS[1], after, 'PX', px)
if ARGV[10] then redis.pcall('PUBLISH', ARGV[10], digits(version) .. (ARGV[11] or '')) end
return { 1, version, head }
