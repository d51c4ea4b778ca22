-- Removes entries of the cache: a tombstone with one new version for all of them takes the place of each, so
-- that a load of older data finds no empty place to store it, and the change log has their names.
--
-- Idempotent: each run draws a version of its own, so that run again it removes what came in between as well,
-- and the later version says all that the earlier one did.
--
-- KEYS[1] version
-- KEYS[2..N] entriesAndLog
-- ARGV[1] expiration: milliseconds - of the tombstones; from 1
-- ARGV[2..N] members?: string - the entries' names in the log, one for each, and then the last key is the log;
--   or none, and no log. Behind them a channel and a message: its subscribers are notified at once, the
--   version before the message, for one command more
-- returns number - the version; 0 when the versions are not seeded, and nothing is written
-- @idempotent yes
-- @commands N + 1 most times, N + 2 when it trims the log, 2 when not seeded

-- @include _log
-- @include _milliseconds
-- @include _refuse
-- @include _tombstone
-- @include _version

local logged = #ARGV > 1
local last = logged and #KEYS - 1 or #KEYS
if not milliseconds(ARGV[1], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
if last < 2 or last > 501 then return refuse('there must be 1 to 500 entries') end
local told = #ARGV - last
if logged and told ~= 0 and told ~= 2 then return refuse('there must be a member for each entry, or none') end
local version = redis.call('INCR', KEYS[1])
if not seeded(version) then return 0 end
if logged then
  redis.call('ZADD', KEYS[#KEYS], unpack(scored(version, ARGV, 2, last)))
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[#KEYS], '-inf', limit) end
end
for i = 2, last do redis.call('SET', KEYS[i], tombstone(digits(version)), 'PX', ARGV[1]) end
if told == 2 then redis.pcall('PUBLISH', ARGV[last + 1], digits(version) .. ARGV[last + 2]) end
return version
