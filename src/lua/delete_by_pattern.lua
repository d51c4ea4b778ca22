-- Deletes the keys that match a glob pattern, one bounded step a call: scans about `batchSize` keys from
-- `cursor` on, unlinks those that match, and returns the next cursor. It is done when that is '0'; a step that
-- deletes nothing does not mean the end. Keys written meanwhile may stay. Not for the
-- entries of a cache.
--
-- The whole key space inside one script would block all other commands for as long as it takes, and the keys
-- are not known beforehand: hence steps, and no lock on keys. A backslash takes the meaning off `* ? [ ] \`.
--
-- KEYS[1] pattern
-- ARGV[1] batchSize: integer - 1 to 10000
-- ARGV[2] cursor?: string - from the last call; '0' or nothing: from the start
-- returns readonly [cursor: string, deleted: number] - the next cursor, and how many were deleted
-- @idempotent yes
-- @dynamic-keys
-- @commands 2 + ceil(deleted / 1000) always

-- @include _refuse
-- @include _whole

local cursor = ARGV[2] or '0'
if not whole(ARGV[1], 1, 10000) then
  return refuse('batch size must be a whole number, 1 to 10000')
end
if #cursor > 20 or not string.match(cursor, '^%d+$') then
  return refuse('cursor must be one that this script gave')
end
-- A long pattern of many stars takes a time of its own.
if #KEYS[1] == 0 or #KEYS[1] > 1088 then
  return refuse('pattern must have 1 to 1088 bytes')
end
local page = redis.call('SCAN', cursor, 'MATCH', KEYS[1], 'COUNT', ARGV[1])
local found, deleted = page[2], 0
for first = 1, #found, 1000 do
  local last = math.min(first + 999, #found)
  deleted = deleted + redis.call('UNLINK', unpack(found, first, last))
end
return { page[1], deleted }
