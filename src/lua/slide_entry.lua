-- Extends a sliding entry of the cache by its idle window from now on, never past its end, and says how long it
-- lives. Anything else under the key stays as it is.
--
-- The instant is rewritten in the header, where the checksum does not cover it. Redis keeps the entry for
-- the time of a fence at least, also when it is used no more: loads that began before are told by it.
-- Idempotent: run again it does what a later use would.
--
-- KEYS[1] entry
-- ARGV[1] prefix: string - what stands before the address in the key
-- ARGV[2] now: integer - the instant by the server's clock, in milliseconds; empty: TIME tells
-- ARGV[3] fence: milliseconds - how long Redis keeps the entry at least; from 1
-- returns number - how many milliseconds it lives, 0 when there is no sliding entry
-- @idempotent yes
-- @commands 3 when it extends, 2 when not, 4 when it extends and TIME tells, 3 when not and TIME tells

-- @include _fresh_entry
-- @include _instant
-- @include _milliseconds
-- @include _refuse
-- @include _whole

local fence = milliseconds(ARGV[3], 1)
local now = ARGV[2] ~= '' and whole(ARGV[2], 0, 9007199254740991)
if not fence then return refuse('fence must be whole milliseconds, at least 1') end
if now == nil then return refuse('now must be an instant in whole milliseconds') end
local bytes = redis.call('MGET', KEYS[1])[1]
if not bytes then return 0 end
now = now or instant(redis.call('TIME'))
local entry = fresh_entry(bytes, KEYS[1], ARGV[1], now)
if not entry or entry.idle == '' or entry.end_at == '' then return 0 end
local fresh = math.min(now + tonumber(entry.idle), tonumber(entry.end_at))
local left = fresh - now
if fresh <= entry.fresh then return entry.fresh - now end
local renewed = string.sub(bytes, 1, entry.from - 1) .. string.format('%.0f', fresh) .. '||' .. entry.end_at
  .. string.sub(bytes, entry.end_to)
redis.call('SET', KEYS[1], renewed, 'PX', string.format('%.0f', math.max(left, fence)))
return left
