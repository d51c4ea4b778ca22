-- Sets the version counter, if it is missing or invalid, to the server's time in microseconds, and invalidates
-- everything from before: after a flush no isolate's copies may come back.
--
-- Of many that seed at once the first does, and the others find its version. Run again it finds one, too. MGET,
-- since GET is an error where the key holds a list. The log comes first: it alone can be of a wrong type, and
-- then nothing is written.
--
-- KEYS[1] version
-- KEYS[2] root
-- KEYS[3] log
-- ARGV[1] member: string - the root's name in the log
-- returns number - the version, the one that was there or the new one
-- @idempotent yes
-- @commands 2 when there is a version, 6 when it seeds

-- @include _refuse
-- @include _version
-- @include _whole

if not ARGV[1] or ARGV[1] == '' then return refuse('member must not be empty') end
local version = whole(redis.call('MGET', KEYS[1])[1], 1000000000000, 9000000000000000)
if version then return version end
local time = redis.call('TIME')
version = tonumber(time[1]) * 1000000 + tonumber(time[2])
redis.call('ZADD', KEYS[3], digits(version), ARGV[1])
redis.call('SET', KEYS[2], digits(version))
redis.call('SET', KEYS[1], digits(version))
return version
