-- Gives tags one new version: their entries with a lower stamp no longer count, and the change log records it.
--
-- Idempotent: see RemoveEntries.
-- KEYS[1] version
-- KEYS[2] log
-- KEYS[3..N] tags
-- ARGV[1] expiration: milliseconds - of the tags, longer than any entry lives; 0: never expire
-- ARGV[2..N] members: string - the tags' names in the log, one for each; then as with RemoveEntries
-- returns number - the version; 0 when the versions are not seeded, and nothing is written
-- @idempotent yes
-- @commands N + 1 most times, N + 2 when it trims the log, 2 when not seeded

-- @include _lifetime
-- @include _log
-- @include _refuse
-- @include _version

local words = lifetime(ARGV[1])
if not words then return refuse('expiration must be whole milliseconds, or 0 for none') end
if #KEYS < 3 or #KEYS > 502 then return refuse('there must be 1 to 500 tags') end
local told = #ARGV - #KEYS + 1
if told ~= 0 and told ~= 2 then return refuse('there must be a member for each tag') end
local version = redis.call('INCR', KEYS[1])
if not seeded(version) then return 0 end
redis.call('ZADD', KEYS[2], unpack(scored(version, ARGV, 2, #KEYS - 1)))
local limit = trim_limit(version)
if limit then redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', limit) end
for i = 3, #KEYS do redis.call('SET', KEYS[i], digits(version), unpack(words)) end
if told == 2 then redis.pcall('PUBLISH', ARGV[#KEYS], digits(version) .. ARGV[#KEYS + 1]) end
return version
