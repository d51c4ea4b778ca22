-- Gets the value of the first key and, if there is one, sets the expiration of it and all the others to
-- `expiration` from now on: a session and what belongs to it. Without a first value nothing is refreshed. Others that
-- are missing stay missing.
--
-- KEYS[1..N] keys
-- ARGV[1] expiration: milliseconds - from 1
-- returns string | null - the value of the first key
-- @idempotent yes
-- @commands 1 + N when there is a value, 2 when not

-- @include _milliseconds
-- @include _refuse

if not milliseconds(ARGV[1], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
local value = redis.call('GETEX', KEYS[1], 'PX', ARGV[1])
if not value then return false end
for i = 2, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return value
