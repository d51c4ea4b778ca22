-- Adds to a counter whose expiration starts with its first increment and is not prolonged by later ones: hits
-- per day, attempts per hour. Subtracts when the amount is negative.
--
-- Exact in all 64 bits: INCRBY works on the text, and where a Lua number would round, the text is read back.
--
-- KEYS[1] key
-- ARGV[1] amount: integer
-- ARGV[2] expiration: milliseconds - 0: never expires
-- returns number | string - the sum; as digits in a string from 2^53 on, where a number is no longer exact
-- @idempotent no
-- @commands 2 most times, 3 when it starts an expiration or from 2^53 on, 4 when both

-- @include _milliseconds
-- @include _refuse

local amount, ttl = ARGV[1], milliseconds(ARGV[2], 0)
if not amount or #amount > 20 or amount ~= '0' and not string.match(amount, '^%-?[1-9]%d*$') then
  return refuse('amount must be a whole number')
end
if not ttl then
  return refuse('expiration must be whole milliseconds, or 0 for none')
end
local sum = redis.call('INCRBY', KEYS[1], amount)
-- A sum that equals the amount started from nothing, or passed through 0 on its way: NX tells them apart.
if ttl > 0 and sum == tonumber(amount) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2], 'NX')
end
if sum > -9007199254740992 and sum < 9007199254740992 then return sum end
return redis.call('GET', KEYS[1])
