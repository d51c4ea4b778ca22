-- Replaces a value only if it is, byte for byte, the one expected: what was read, changed and is written back
-- never overwrites what another caller wrote in between.
--
-- Not idempotent: sent again after a lost reply it would answer 0 to the caller that has just swapped.
--
-- KEYS[1] key
-- ARGV[1] expected: string
-- ARGV[2] value: string
-- ARGV[3] expiration: milliseconds | keep - 0: never expires; keep: what is left of the present one
-- returns 1 | 0 | -1 - 1 when it swapped, 0 when the value is a different one, -1 when there is none
-- @idempotent no
-- @commands 3 when it swaps, 2 when not

-- @include _lifetime
-- @include _refuse

local words = lifetime(ARGV[3], true)
if not words then
  return refuse('expiration must be whole milliseconds, 0 for none, or keep')
end
local value = redis.call('GET', KEYS[1])
if not value then return -1 end
if value ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], unpack(words))
return 1
