-- Releases a lock if the token still holds it, never one that another holder acquired after it expired.
--
-- If no other holder has it the token stays in its place for a minute, with what this says, unless another caller
-- takes the lock: a request to take it which is still on its way somewhere then comes too late, and this one, sent
-- again after a lost reply, says the same again.
--
-- KEYS[1] lock
-- KEYS[2] fence
-- ARGV[1] token: string
-- ARGV[2] fence: integer - the holder's fencing token; 0: it does not know whether it had the lock
-- returns -1 | 0 | 1 - 1 when released, 0 when it had expired, -1 when another holder acquired it since
-- @idempotent yes
-- @commands 3 when no other has it, 2 when another has it or it was released before

-- @include _held
-- @include _refuse
-- @include _whole

local fence = whole(ARGV[2], 0, 9007199254740991)
if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not fence then return refuse('fence must be a whole number') end
local found = redis.call('MGET', KEYS[1], KEYS[2])
local token, number, verdict = held_by(found[1])
local mine = token == ARGV[1]
if mine and number == '' then return verdict end
if is_held(found[1]) and not mine then return -1 end
if not mine then verdict = (whole(found[2] or '', 0, 9007199254740991) or 0) > fence and -1 or 0 end
redis.call('SET', KEYS[1], '|' .. verdict .. '|' .. ARGV[1], 'PX', '60000')
return verdict
