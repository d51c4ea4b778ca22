-- Expires entries of the cache at once: they stay only as stale values, for callers that accept one. A key
-- without an entry gets a tombstone, for loads in flight. All get one new version, and the change log has their
-- names.
--
-- What changes is the header line, which is how a load knows again what it saw: `fresh` becomes 0, and one more
-- digit of the same 0 each time, so that a load which saw an entry expired by hand does not find it the same
-- after the next time. Where there is no room for one more digit, a tombstone does it. When the entry would have
-- ended stays: in `end`, where it does not slide. The entry keeps its life, but not below that of a tombstone:
-- where it ended sooner a load in flight would find an empty place.
--
-- Idempotent: see RemoveEntries; an entry that is expired twice is expired.
--
-- KEYS[1] version
-- KEYS[2..N] entriesAndLog
-- ARGV[1] expiration: milliseconds - of the tombstones, and the shortest time that an entry lives on; from 1
-- ARGV[2] prefix: string - what stands before the address in each key
-- ARGV[3..N] members?: string - the entries' names in the log, one for each, and then the last key is the log;
--   or none, and no log. Behind them a channel and a message, as with RemoveEntries
-- returns number - the version; 0 when the versions are not seeded, and nothing is written
-- @idempotent yes
-- @commands N + 2 when no entry is there, N + 3 when one is, N + N when all are and there is a log, N + 3 when
--   it trims the log and no entry is there, 2 when not seeded

-- @include _fresh_entry
-- @include _log
-- @include _milliseconds
-- @include _refuse
-- @include _tombstone
-- @include _version

local logged = #ARGV > 2
local last = logged and #KEYS - 1 or #KEYS
if not milliseconds(ARGV[1], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
if not ARGV[2] then return refuse('prefix is missing') end
if last < 2 or last > 501 then return refuse('there must be 1 to 500 entries') end
local told = #ARGV - last - 1
if logged and told ~= 0 and told ~= 2 then return refuse('there must be a member for each entry, or none') end
local version = redis.call('INCR', KEYS[1])
if not seeded(version) then return 0 end
if logged then
  redis.call('ZADD', KEYS[#KEYS], unpack(scored(version, ARGV, 3, last + 1)))
  local limit = trim_limit(version)
  if limit then redis.call('ZREMRANGEBYSCORE', KEYS[#KEYS], '-inf', limit) end
end
local values = redis.call('MGET', unpack(KEYS, 2, last))
for i = 2, last do
  local bytes = values[i - 1]
  local entry = fresh_entry(bytes, KEYS[i], ARGV[2], -1)
  local fresh = entry and string.match(bytes, '^%d+', entry.from)
  local zeros = entry and (string.match(fresh, '^0+$') or '') .. '0'
  if zeros and #zeros <= 16 then
    local ends = entry.end_at == '' and entry.idle == '' and entry.fresh > 0 and fresh or entry.end_at
    local stale = string.sub(bytes, entry.to, entry.end_to - #entry.end_at - 1)
    local expired = string.sub(bytes, 1, entry.from - 1) .. zeros .. stale .. ends .. string.sub(bytes, entry.end_to)
    redis.call('SET', KEYS[i], expired, 'KEEPTTL')
    redis.call('PEXPIRE', KEYS[i], ARGV[1], 'GT')
  else
    redis.call('SET', KEYS[i], tombstone(digits(version)), 'PX', ARGV[1])
  end
end
if told == 2 then redis.pcall('PUBLISH', ARGV[last + 2], digits(version) .. ARGV[last + 3]) end
return version
