-- Stores the value of a load only if its key has nothing, or still the bytes that the load saw at its start
-- and that counted as nothing: what others have written since stays.
--
-- Run again after its reply was lost, it finds its own bytes and answers 1. Run late, it undoes nothing: others
-- left what is neither `seen` nor its own, be it a tombstone. A key of another type counts as nothing.
--
-- KEYS[1] entry
-- ARGV[1] seen: string - what the bytes began with, an entry's header line with its line end; empty if
--   there were none
-- ARGV[2] value: string - the bytes of the new entry
-- ARGV[3] expiration: milliseconds - from 1
-- ARGV[4] stamp: integer - the version that the load knew when it started; older tombstones do not count
-- returns 0 | 1 - 1 when the new entry is there
-- @idempotent yes
-- @commands 3 when it writes, 2 when not

-- @include _fillable
-- @include _milliseconds
-- @include _refuse
-- @include _whole

local stamp = whole(ARGV[4], 0, 9007199254740991)
if not milliseconds(ARGV[3], 1) or not stamp then
  return refuse('expiration must be whole milliseconds, at least 1, and stamp a version')
end
local bytes = redis.call('MGET', KEYS[1])[1]
if bytes == ARGV[2] then return 1 end
if not fillable(bytes, ARGV[1], stamp) then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
