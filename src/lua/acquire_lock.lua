-- Acquires a lock for `timeout`, or says that another token holds it. The token that holds it gets it again, for
-- the whole time, so that a caller whose reply was lost is not locked out by its own request.
--
-- SET first, since most locks are free: a free one costs 2 commands. A lock of this kind expires
-- under a holder that is too slow: a caller that must stay safe then needs a fencing token (AcquireFencedLock).
--
-- KEYS[1] lock
-- ARGV[1] token: string - unguessable, one for each holder
-- ARGV[2] timeout: milliseconds - from 1
-- returns 0 | 1 - 1 when the token has the lock
-- @idempotent yes
-- @commands 2 when it is free, 3 when somebody has it, 4 when the token has it already

-- @include _milliseconds
-- @include _refuse

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not milliseconds(ARGV[2], 1) then
  return refuse('timeout must be whole milliseconds, at least 1')
end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
