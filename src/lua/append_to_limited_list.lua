-- Appends to a list that keeps only its newest elements: the last events, the recently viewed. The list's
-- expiration starts with its first element and is not prolonged by later ones.
--
-- KEYS[1] list
-- ARGV[1] value: string
-- ARGV[2] maxSize: integer - from 1
-- ARGV[3] expiration: milliseconds - 0: never expires
-- returns number - the length of the list
-- @idempotent no
-- @commands 3 when it starts an expiration, 2 while there is room, 3 when it drops the oldest

-- @include _milliseconds
-- @include _refuse
-- @include _whole

local max_size, ttl = whole(ARGV[2], 1, 4294967295), milliseconds(ARGV[3], 0)
if not max_size then return refuse('max size must be a whole number, at least 1') end
if not ttl then
  return refuse('expiration must be whole milliseconds, or 0 for none')
end
local length = redis.call('RPUSH', KEYS[1], ARGV[1])
if length == 1 and ttl > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if length <= max_size then return length end
redis.call('LTRIM', KEYS[1], '-' .. ARGV[2], '-1')
return max_size
