-- Adds to a counter only if the sum stays between two bounds, and says whether it did: stock that cannot be
-- sold twice, a quota, credits. INCRBY followed by a check of the result would let others see values out of
-- bounds.
--
-- KEYS[1] key
-- ARGV[1] amount: integer
-- ARGV[2] min: integer
-- ARGV[3] max: integer
-- ARGV[4] expiration: milliseconds - 0: never expires; it starts with the first increment
-- returns readonly [changed: 0 | 1, value: number] - whether it added, and the counter's value now
-- @idempotent no
-- @commands 4 when it starts an expiration, 3 when it adds, 2 when not

-- @include _integer
-- @include _milliseconds
-- @include _refuse

local amount, min, max = integer(ARGV[1]), integer(ARGV[2]), integer(ARGV[3])
local ttl = milliseconds(ARGV[4], 0)
if not (amount and min and max) then
  return refuse('amount, min and max must be whole numbers below 2^53')
end
if not ttl then
  return refuse('expiration must be whole milliseconds, or 0 for none')
end
local stored = redis.call('GET', KEYS[1])
local value = integer(stored or '0')
if not value then return refuse('the key holds no whole number below 2^53') end
local sum = value + amount
if sum < min or sum > max then return { 0, value } end
redis.call('INCRBY', KEYS[1], ARGV[1])
if ttl > 0 and not stored then
  redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return { 1, sum }
