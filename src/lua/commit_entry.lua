-- Stores the value that the holder of a lease has loaded, as FillEntry would, and ends the lease, whether or not
-- it stored: if others have written, there is nothing left to wait for. If another token has the lease, the
-- holder was too slow: nothing is written, and the lease stays.
--
-- A lease that ended while nobody took it is as good as held: the bytes tell whether somebody came between.
-- Run again after its reply was lost, it finds its own bytes and answers 1, even where the next holder has
-- come already. Run late, it is as safe as FillEntry, and ends no lease but its own.
--
-- KEYS[1] entry
-- KEYS[2] lease
-- ARGV[1] token: string - the one that LeaseEntry was given
-- ARGV[2] seen: string - what the bytes began with, an entry's header line with its line end; empty if
--   there were none
-- ARGV[3] value: string - the bytes of the new entry
-- ARGV[4] expiration: milliseconds - of the entry; from 1
-- ARGV[5] stamp: integer - the version that the load knew when it started; older tombstones do not count
-- returns 0 | 1 - 1 when the new entry is there
-- @idempotent yes
-- @commands 4 when it writes and ends the lease, 3 when it does one of both, 2 when neither

-- @include _fillable
-- @include _holder
-- @include _milliseconds
-- @include _refuse
-- @include _whole

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not milliseconds(ARGV[4], 1) then
  return refuse('expiration must be whole milliseconds, at least 1')
end
local stamp = whole(ARGV[5], 0, 9007199254740991)
if not stamp then return refuse('stamp must be a version') end
local found = redis.call('MGET', KEYS[1], KEYS[2])
local bytes, stored = found[1], found[1] == ARGV[3]
local _, token = holder_of(found[2] or '')
local mine = token == ARGV[1]
if not stored and (mine or not found[2]) and fillable(bytes, ARGV[2], stamp) then
  redis.call('SET', KEYS[1], ARGV[3], 'PX', ARGV[4])
  stored = true
end
if mine then redis.call('DEL', KEYS[2]) end
return stored and 1 or 0
