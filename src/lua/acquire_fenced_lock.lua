-- Acquires a lock for `timeout`, with a fencing token that is higher than that of every holder before, or says
-- how long the present holder has it at most. The token that holds the lock gets it again, with the same number,
-- so that a caller whose reply was lost is not locked out by its own request.
--
-- The fencing token is the server's time in microseconds, or one more than the last number if the clock has been set
-- back: it goes on rising when the key of the last one was evicted or flushed, or is missing on a replica that
-- took over. That key outlives by an hour the instant which its number stands for.
--
-- A token that was released is not granted again while the lock remembers it (ReleaseFencedLock): a request
-- that its sender has long given up, and that runs late, takes nothing. Run late while the token has the lock, it
-- starts the same time again from then on. A lock without an end is not one of this script and would block all
-- callers for ever: it counts as free, and so does a key of another type.
--
-- KEYS[1] lock
-- KEYS[2] fence
-- ARGV[1] token: string - unguessable, one for each holder
-- ARGV[2] timeout: milliseconds - from 1
-- returns readonly [fence: number, left: number] - the fencing token, 0 when the token does not have the lock; how
--   many milliseconds the lock lasts from now on, 0 when the token was released
-- @idempotent yes
-- @commands 5 when it is free, 3 when somebody has it or the token has it already, 2 when the token was
--   released, 6 when a lock without an end is replaced

-- @include _held
-- @include _milliseconds
-- @include _refuse
-- @include _whole

local ttl = milliseconds(ARGV[2], 1)
if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not ttl then return refuse('timeout must be whole milliseconds, at least 1') end
local found = redis.call('MGET', KEYS[1], KEYS[2])
local token, number = held_by(found[1])
if token == ARGV[1] then
  if number == '' then return { 0, 0 } end
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return { tonumber(number), ttl }
end
if is_held(found[1]) then
  local left = redis.call('PTTL', KEYS[1])
  if left >= 0 then return { 0, math.max(1, left) } end
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local last = whole(found[2] or '0', 0, 9007199254740990) or 0
local fence = math.max(last + 1, now)
local digits = string.format('%.0f', fence)
local kept = math.ceil((fence - now) / 1000) + 3600000
redis.call('SET', KEYS[2], digits, 'PX', string.format('%.0f', kept))
redis.call('SET', KEYS[1], digits .. '|' .. ARGV[1], 'PX', ARGV[2])
return { fence, ttl }
