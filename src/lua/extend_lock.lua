-- Extends a lock to `timeout` from now on, if the token still holds it: a holder whose work takes longer than
-- expected learns in time whether it may go on.
--
-- KEYS[1] lock
-- ARGV[1] token: string
-- ARGV[2] timeout: milliseconds - from 1
-- returns 0 | 1 - 0 when the token no longer holds the lock
-- @idempotent yes
-- @commands 3 when it extends, 2 when not

-- @include _milliseconds
-- @include _refuse

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not milliseconds(ARGV[2], 1) then
  return refuse('timeout must be whole milliseconds, at least 1')
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
