-- Gets a usable entry of the cache or, if there is none, a lease to make it: of all concurrent callers one gets
-- the lease, and the others are told how long it lasts.
--
-- The lease only keeps others from doing the same work: it ends by itself under a holder that is too slow,
-- and CommitEntry checks what is there before it writes. A token that has the lease gets it again, for the
-- whole time: a caller that sends this twice, as a reply was lost, begins its work after the second one. Run late,
-- after the work was stored, it finds the entry and takes nothing; where that is gone already, it takes a
-- lease that nobody uses, for its time. A lease without an end is not one of this script and would block
-- all callers for ever: it counts as free, and so does a key of another type. So does a lease whose holder started
-- before an invalidation that the caller knows of, or that left a tombstone: what it makes will not be stored. A
-- tombstone that is there when the lease is taken comes with it, and counts as seen. Of a holder that had not
-- heard of any version yet, and asked for them in the same request, that is not known: it counts, or of
-- isolates that have just started each would come to know better than the one before.
--
-- TIME is a command, and callers mostly know the server's clock well enough: they judge the entry that they
-- get by it anyway. Where nothing is there it is not asked. `after` is for a caller that refreshes an entry:
-- only one that is newer than what it has seen is usable.
--
-- KEYS[1] entry
-- KEYS[2] lease
-- ARGV[1] prefix: string - what stands before the address in the key of the entry
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] token: string - unique, one for each load
-- ARGV[4] expiration: milliseconds - of the lease; from 1
-- ARGV[5] now: integer - the instant by the server's clock, in milliseconds; empty: TIME tells
-- ARGV[6] after: integer - an instant: an entry must be created later; 0: no limit
-- ARGV[7] stamp: integer - the highest version that the caller has seen; kept with the lease, or that of a
--   tombstone where it is higher, unless the caller had not seen any
-- ARGV[8] floor: integer - a version: an entry with a lower stamp is not usable, and a holder's does not count
-- returns readonly [state: 0 | 1 | 2, bytes: string | null, wait: number] - 0 when the entry is usable, 1
--   when the token has the lease, 2 when another has it; the string under the key, whatever it is; how many
--   milliseconds the lease lasts, 0 when none is needed
-- @idempotent yes
-- @commands 2 when the entry is usable, 3 when the token or another has the lease, 3 when the entry is usable
--   and TIME tells, 4 when it is not and TIME tells, 4 when a lease without an end is replaced, 5 when it is and
--   TIME tells

-- @include _fresh_entry
-- @include _holder
-- @include _instant
-- @include _milliseconds
-- @include _readable
-- @include _refuse
-- @include _stamp
-- @include _tombstone
-- @include _version
-- @include _whole

local ttl, after = milliseconds(ARGV[4], 1), whole(ARGV[6], 0, 9007199254740991)
local stamp, floor = whole(ARGV[7], 0, 9007199254740991), whole(ARGV[8], 0, 9007199254740991)
local now = ARGV[5] ~= '' and whole(ARGV[5], 0, 9007199254740991)
if not ARGV[3] or ARGV[3] == '' then return refuse('token must not be empty') end
if not ttl then return refuse('expiration must be whole milliseconds, at least 1') end
if now == nil or not after then return refuse('now and after must be instants in whole milliseconds') end
if not stamp or not floor then return refuse('stamp and floor must be versions') end
local found = redis.call('MGET', KEYS[1], KEYS[2])
local bytes, holder = found[1] or false, found[2]
if bytes and (stamp_of(bytes) or -1) >= floor then
  local entry = fresh_entry(bytes, KEYS[1], ARGV[1], now or instant(redis.call('TIME')))
  if readable(entry, ARGV[2]) and entry.created > after then return { 0, bytes, 0 } end
end
local held_at, token = holder_of(holder or '')
local is_new = token and held_at == 0
local removed = bytes and fenced_at(bytes) or 0
local void = not is_new and held_at < math.max(floor, removed)
if holder and token ~= ARGV[3] and not void then
  local wait = redis.call('PTTL', KEYS[2])
  if wait >= 0 then return { 2, bytes, math.max(1, wait) } end
end
local seen = stamp == 0 and 0 or math.max(stamp, removed)
redis.call('SET', KEYS[2], digits(seen) .. '|' .. ARGV[3], 'PX', ARGV[4])
return { 1, bytes, ttl }
