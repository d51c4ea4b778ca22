-- Gets the first of some entries of the cache and, if it is fresh and can be decoded, sets the expiration of it
-- and all the others to `expiration` from now on, longer or shorter than before: a session and what belongs to it.
-- Others that are not fresh stay so.
--
-- The instants are rewritten in the header, where the checksum does not cover them. A sliding entry keeps its
-- idle window, which starts again, and any other its stale window, which moves with it as far as entries may live
-- at all. Idempotent: run again it does what a later call would.
--
-- KEYS[1..N] entries
-- ARGV[1] prefix: string - what stands before the address in each key
-- ARGV[2] codecs: string - those that the caller can decode, each between commas
-- ARGV[3] expiration: milliseconds - from 1
-- ARGV[4] floor: integer - a version: an entry with a stamp below it counts as nothing
-- ARGV[5] fence: milliseconds - the shortest time that Redis keeps them from now on; 0: none
-- ARGV[6] longest: milliseconds - the most that an entry lives from now on, its stale window included
-- returns readonly (string | null)[] | null - one for each key: the bytes of the first entry as they are now, and of
--   the others their header lines, null for those that stay as they are; null when the first counts as nothing
-- @idempotent yes
-- @commands 3 + N when all are there, 3 when the first counts as nothing, 2 when it is missing

-- @include _fresh_entry
-- @include _instant
-- @include _milliseconds
-- @include _readable
-- @include _refuse
-- @include _stamp
-- @include _whole

local ttl, result = milliseconds(ARGV[3], 1), {}
if not ttl then return refuse('expiration must be whole milliseconds, at least 1') end
local floor, fence = whole(ARGV[4], 0, 9007199254740991), milliseconds(ARGV[5], 0)
if not floor or not fence then return refuse('floor must be a version, fence whole milliseconds or 0') end
local longest = milliseconds(ARGV[6], 1)
if not longest then return refuse('longest must be whole milliseconds, at least 1') end
if #KEYS > 1000 then return refuse('there must be at most 1000 keys') end
local values = redis.call('MGET', unpack(KEYS))
if not values[1] then return false end
local now = instant(redis.call('TIME'))
for i = 1, #KEYS do
  local bytes = values[i]
  local entry = fresh_entry(bytes, KEYS[i], ARGV[1], now)
  if entry and (stamp_of(bytes) or -1) < floor then entry = nil end
  if i == 1 and not readable(entry, ARGV[2]) then return false end
  if entry then
    local fresh = string.format('%.0f', now + ttl)
    local window = math.max(0, math.min(entry.stale - entry.fresh, longest - ttl))
    local stale = window > 0 and string.format('%.0f', now + ttl + window) or ''
    local limit = entry.end_at ~= '' and fresh or ''
    local life = entry.idle ~= '' and math.min(tonumber(entry.idle), ttl) or ttl
    fresh = string.format('%.0f', now + life)
    local renewed = string.sub(bytes, 1, entry.from - 1) .. fresh .. '|' .. stale .. '|' .. limit
      .. string.sub(bytes, entry.end_to)
    redis.call('SET', KEYS[i], renewed, 'PX', string.format('%.0f', math.max(1, fence, life + window)))
    result[i] = i == 1 and renewed or string.match(renewed, '^[^\n]*\n')
  else
    result[i] = false
  end
end
return result
