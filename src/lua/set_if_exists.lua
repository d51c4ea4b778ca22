-- Overwrites a value only if the key has one, and says whether it did: an update that never brings back what
-- was deleted or has expired.
--
-- KEYS[1] key
-- ARGV[1] value: string
-- ARGV[2] expiration: milliseconds | keep - 0: never expires; keep: what is left of the present one
-- returns 0 | 1 - 1 when it wrote
-- @idempotent no
-- @commands 2 always

-- @include _lifetime
-- @include _refuse

local words = lifetime(ARGV[2], true)
if not words then
  return refuse('expiration must be whole milliseconds, 0 for none, or keep')
end
return redis.call('SET', KEYS[1], ARGV[1], 'XX', unpack(words)) and 1 or 0
