-- Releases a lock if the token still holds it, never one that another holder acquired after it expired.
--
-- Idempotent: sent again after a lost reply it answers 0, and the token has no lock either way.
--
-- KEYS[1] lock
-- ARGV[1] token: string
-- returns 0 | 1 - 0 when the token no longer held the lock
-- @idempotent yes
-- @commands 3 when it releases, 2 when not

-- @include _refuse

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
