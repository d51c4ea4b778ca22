-- Writes a value only if the key has none, and says whether it did: of many callers the first wins.
--
-- Not idempotent: sent again after a lost reply it would answer 0 to the caller that has just written.
--
-- KEYS[1] key
-- ARGV[1] value: string
-- ARGV[2] expiration: milliseconds - 0: never expires
-- returns 0 | 1 - 1 when it wrote
-- @idempotent no
-- @commands 2 always

-- @include _lifetime
-- @include _refuse

local words = lifetime(ARGV[2])
if not words then
  return refuse('expiration must be whole milliseconds, or 0 for none')
end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', unpack(words)) and 1 or 0
