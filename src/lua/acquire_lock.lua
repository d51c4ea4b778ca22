-- Takes a lock for `timeout`, or says that somebody has it. The token that has it gets it again, with the
-- whole time: who sends this twice because a reply was lost is not locked out by itself.
--
-- SET first, since most locks are free: a free one costs 2 commands. Who must stay safe when a holder
-- outlives its time needs a fence besides; a lock of this kind expires under a holder that is too slow.
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
