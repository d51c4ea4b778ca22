-- Writes an entry of the cache, whatever was there, with a new version as its stamp, and appends to the change log.
--
-- Not idempotent: run again, late, it would undo what was written in between. The log comes first: it alone can
-- be of a wrong type, and then nothing is written.
--
-- KEYS[1] version
-- KEYS[2] entry
-- KEYS[3] log?
-- ARGV[1] value: string - the bytes of the new entry from the bar behind its stamp on
-- ARGV[2] expiration: milliseconds - from 1
-- ARGV[3] member: string - the entry's name in the log; empty without a log
-- ARGV[4] channel?: string - its subscribers are notified at once, for one command more
-- ARGV[5] message?: string - what is published, behind the version
-- returns number - the version; 0 when the versions are not seeded, and nothing is written
-- @idempotent no
-- @commands 4 most times, 5 when it trims the log, 3 without a log, 2 when not seeded

-- @include _log
-- @include _milliseconds
-- @include _refuse
-- @include _version

if string.sub(ARGV[1] or '', 1, 1) ~= '|' then return refuse('value must begin with a bar') end
if not milliseconds(ARGV[2], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
if not ARGV[3] or (ARGV[3] == '') == (KEYS[3] ~= nil) then
  return refuse('there must be both a log and a member, or neither')
end
local version = redis.call('INCR', KEYS[1])
if not seeded(version) then return 0 end
if KEYS[3] then
  redis.call('ZADD', KEYS[3], digits(version), ARGV[3])
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', limit) end
end
redis.call('SET', KEYS[2], 'h1|e|' .. digits(version) .. ARGV[1], 'PX', ARGV[2])
if ARGV[4] then redis.pcall('PUBLISH', ARGV[4], digits(version) .. (ARGV[5] or '')) end
return version
