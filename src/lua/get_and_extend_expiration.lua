-- Gets a value and sets its expiration to `expiration` from now on, whatever was left of it: a sliding
-- expiration. The command GETEX does the same for one command less.
--
-- KEYS[1] key
-- ARGV[1] expiration: milliseconds - from 1
-- returns string | null - the value; null when there is none, and then nothing is written
-- @idempotent yes
-- @commands 2 always

-- @include _milliseconds
-- @include _refuse

if not milliseconds(ARGV[1], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
return redis.call('GETEX', KEYS[1], 'PX', ARGV[1])
