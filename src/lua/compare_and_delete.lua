-- Deletes a value only if it is, byte for byte, the one expected: to end what CompareAndSwap began, and to
-- remove exactly what the caller has written.
--
-- Not idempotent: sent again after a lost reply it would answer -1 to the caller that has just deleted.
--
-- KEYS[1] key
-- ARGV[1] expected: string
-- returns 1 | 0 | -1 - 1 when it deleted, 0 when the value is a different one, -1 when there is none
-- @idempotent no
-- @commands 3 when it deletes, 2 when not

-- @include _refuse

if not ARGV[1] then return refuse('expected is missing') end
local value = redis.call('GET', KEYS[1])
if not value then return -1 end
if value ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
