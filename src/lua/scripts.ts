// Generated from the .lua files beside it by scripts/lua/generate.js: change those, then run it.
import type { LuaScript } from './script.ts'

/** What {@link AcquireLock} answers: 1 when the token has the lock. */
export type AcquireLockReply = 0 | 1

/**
 * Takes a lock for `timeout`, or says that somebody has it. The token that has it gets it again, with the
 * whole time: who sends this twice because a reply was lost is not locked out by itself.
 *
 * - `KEYS[1]` lock
 * - `ARGV[1]` token: string (unguessable, one for each holder)
 * - `ARGV[2]` timeout: milliseconds (from 1)
 *
 * One request; billed commands, the script's own calls included: 2 when it is free, 3 when somebody has
 * it, 4 when the token has it already.
 * It may be sent again. Source: `acquire_lock.lua`.
 */
export const AcquireLock: LuaScript<AcquireLockReply> = {
  name: 'AcquireLock',
  source: `












local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not milliseconds(ARGV[2], 1) then
return refuse('timeout must be whole milliseconds, at least 1')
end
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  sha1: {
    redis: 'b25caffe28eb9ba58aa2c962583a70e81da5d745',
    upstash: '1ce8a84156f00aea570520fff3dc9117315a5af9',
  },
  keys: { min: 1, max: 1, names: ['lock'] },
  args: { min: 2, max: 2, names: ['token', 'timeout'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** What {@link AppendToLimitedList} answers: how long the list is now. */
export type AppendToLimitedListReply = number

/**
 * Appends to a list that keeps only its newest elements: the last events, the recently viewed. The list's
 * expiration starts with its first element and is not prolonged by later ones.
 *
 * - `KEYS[1]` list
 * - `ARGV[1]` value: string
 * - `ARGV[2]` maxSize: integer (from 1)
 * - `ARGV[3]` expiration: milliseconds (0: never expires)
 *
 * One request; billed commands, the script's own calls included: 3 when it starts an expiration, 2 while
 * there is room, 3 when it drops the oldest.
 * It is not idempotent: never sent again when its outcome is unknown. Source:
 * `append_to_limited_list.lua`.
 */
export const AppendToLimitedList: LuaScript<AppendToLimitedListReply> = {
  name: 'AppendToLimitedList',
  source: `










local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local max_size, ttl = whole(ARGV[2], 1, 4294967295), milliseconds(ARGV[3], 0)
if not max_size then return refuse('max size must be a whole number, at least 1') end
if not ttl then
return refuse('expiration must be whole milliseconds, or 0 for none')
end
local length = redis.call('RPUSH', KEYS[1], ARGV[1])
if length == 1 and ttl > 0 then redis.call('PEXPIRE', KEYS[1], ARGV[3]) end
if length <= max_size then return length end
redis.call('LTRIM', KEYS[1], '-' .. ARGV[2], '-1')
return max_size`,
  sha1: {
    redis: 'e1cc5ba153f44c87ab1181f4e04cbd59bce119ab',
    upstash: 'b1c53a2b2cd678ccfd220a144e3462898b2bb332',
  },
  keys: { min: 1, max: 1, names: ['list'] },
  args: { min: 3, max: 3, names: ['value', 'maxSize', 'expiration'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/**
 * What {@link CompareAndDelete} answers: 1 when it deleted, 0 when the value is another, -1 when there is
 * none.
 */
export type CompareAndDeleteReply = 1 | 0 | -1

/**
 * Deletes a value only if it is, byte for byte, the one expected: the way to end what CompareAndSwap
 * began, and to take back exactly what one has written.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` expected: string
 *
 * One request; billed commands, the script's own calls included: 3 when it deletes, 2 when not.
 * It is not idempotent: never sent again when its outcome is unknown. Source: `compare_and_delete.lua`.
 */
export const CompareAndDelete: LuaScript<CompareAndDeleteReply> = {
  name: 'CompareAndDelete',
  source: `










local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not ARGV[1] then return refuse('expected is missing') end
local value = redis.call('GET', KEYS[1])
if not value then return -1 end
if value ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  sha1: {
    redis: '578186b890107f6d429034994cf9ecf504b3f154',
    upstash: '91bd24486a7a56d515b8ce834d0c496362728dc7',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 1, max: 1, names: ['expected'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/**
 * What {@link CompareAndSwap} answers: 1 when it swapped, 0 when the value is another, -1 when there is
 * none.
 */
export type CompareAndSwapReply = 1 | 0 | -1

/**
 * Replaces a value only if it is, byte for byte, the one expected: what was read, changed and is written
 * back never overwrites what somebody else wrote in between.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` expected: string
 * - `ARGV[2]` value: string
 * - `ARGV[3]` expiration: milliseconds | keep (0: never expires; keep: what is left of the present one)
 *
 * One request; billed commands, the script's own calls included: 3 when it swaps, 2 when not.
 * It is not idempotent: never sent again when its outcome is unknown. Source: `compare_and_swap.lua`.
 */
export const CompareAndSwap: LuaScript<CompareAndSwapReply> = {
  name: 'CompareAndSwap',
  source: `












local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end local function lifetime(text, may_keep) if may_keep and text == 'keep' then return { 'KEEPTTL' } end if text == '0' then return {} end return milliseconds(text, 1) and { 'PX', text } end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local words = lifetime(ARGV[3], true)
if not words then
return refuse('expiration must be whole milliseconds, 0 for none, or keep')
end
local value = redis.call('GET', KEYS[1])
if not value then return -1 end
if value ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], unpack(words))
return 1`,
  sha1: {
    redis: 'e04ce56a3c22827e6d3efaecc33f49dbabef37bd',
    upstash: '4921062b5b89e845790d20bb3edc867dd86f9dd2',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 3, max: 3, names: ['expected', 'value', 'expiration'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/** What {@link DeleteByPattern} answers: where to go on, and how many were deleted. */
export type DeleteByPatternReply = readonly [cursor: string, deleted: number]

/**
 * Deletes the keys that match a glob pattern, one bounded step a call: scans about `batchSize` keys from
 * `cursor` on, unlinks those that match, and says where to go on. It is done when the cursor comes back
 * as '0'; a step that deletes nothing is no sign of the end. Keys written meanwhile may stay. Not for the
 * entries of a cache.
 *
 * - `KEYS[1]` pattern
 * - `ARGV[1]` batchSize: integer (1 to 10000)
 * - `ARGV[2]` cursor?: string (from the last call; '0' or nothing: from the start)
 *
 * One request; billed commands, the script's own calls included: 2 + ceil(deleted / 1000).
 * It may be sent again, finds its keys itself, and so holds up the whole database while it runs. Source:
 * `delete_by_pattern.lua`.
 */
export const DeleteByPattern: LuaScript<DeleteByPatternReply> = {
  name: 'DeleteByPattern',
  source: `














local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end
local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end

local cursor = ARGV[2] or '0'
if not whole(ARGV[1], 1, 10000) then
return refuse('batch size must be a whole number, 1 to 10000')
end
if #cursor > 20 or not string.match(cursor, '^%d+$') then
return refuse('cursor must be one that this script gave')
end

if #KEYS[1] == 0 or #KEYS[1] > 1088 then
return refuse('pattern must have 1 to 1088 bytes')
end
local page = redis.call('SCAN', cursor, 'MATCH', KEYS[1], 'COUNT', ARGV[1])
local found, deleted = page[2], 0
for first = 1, #found, 1000 do
local last = math.min(first + 999, #found)
deleted = deleted + redis.call('UNLINK', unpack(found, first, last))
end
return { page[1], deleted }`,
  sha1: {
    redis: '1b5394275dae029f41533e0e7e7d5fb72513d6ce',
    upstash: '1b5394275dae029f41533e0e7e7d5fb72513d6ce',
  },
  keys: { min: 1, max: 1, names: ['pattern'] },
  args: { min: 1, max: 2, names: ['batchSize', 'cursor'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: true,
}

/** What {@link ExtendLock} answers: 0 when the token no longer has the lock. */
export type ExtendLockReply = 0 | 1

/**
 * Lets a lock last for `timeout` from now on, if the token still has it: a holder whose work takes longer
 * than it thought finds out in time whether it may go on.
 *
 * - `KEYS[1]` lock
 * - `ARGV[1]` token: string
 * - `ARGV[2]` timeout: milliseconds (from 1)
 *
 * One request; billed commands, the script's own calls included: 3 when it extends, 2 when not.
 * It may be sent again. Source: `extend_lock.lua`.
 */
export const ExtendLock: LuaScript<ExtendLockReply> = {
  name: 'ExtendLock',
  source: `









local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if not milliseconds(ARGV[2], 1) then
return refuse('timeout must be whole milliseconds, at least 1')
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`,
  sha1: {
    redis: '3c3c3dc02708ba8c729cfba42ddfab2c0078939e',
    upstash: '2908a96e9380d16a2aa1461e11d03cf792472649',
  },
  keys: { min: 1, max: 1, names: ['lock'] },
  args: { min: 2, max: 2, names: ['token', 'timeout'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/**
 * What {@link GetAndExtendExpiration} answers: the value; null when there is none, and then nothing is
 * written.
 */
export type GetAndExtendExpirationReply = string | null

/**
 * Gets a value and lets it live for `expiration` from now on, whatever was left of its time: a sliding
 * expiration. The native GETEX does the same for one command less where no script is needed.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` expiration: milliseconds (from 1)
 *
 * One request; billed commands, the script's own calls included: 2.
 * It may be sent again. Source: `get_and_extend_expiration.lua`.
 */
export const GetAndExtendExpiration: LuaScript<GetAndExtendExpirationReply> = {
  name: 'GetAndExtendExpiration',
  source: `








local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not milliseconds(ARGV[1], 1) then
return refuse('expiration must be whole milliseconds, at least 1')
end
return redis.call('GETEX', KEYS[1], 'PX', ARGV[1])`,
  sha1: {
    redis: '2b11a9a0ab164ffb04a58b2c633e633865dd1f57',
    upstash: 'c5b897f8eae88077fd803f12bce1c490f4046fa0',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 1, max: 1, names: ['expiration'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** What {@link GetAndRefreshRelated} answers: the value of the first key. */
export type GetAndRefreshRelatedReply = string | null

/**
 * Gets the value of the first key and, if there is one, lets it and all the others live for `expiration`
 * from now on: a session and what belongs to it. Without a first value nothing is refreshed. Others that
 * are missing stay missing.
 *
 * - `KEYS[1..N]` keys
 * - `ARGV[1]` expiration: milliseconds (from 1)
 *
 * One request; billed commands, the script's own calls included: 1 + N when there is a value, 2 when not.
 * It may be sent again. Source: `get_and_refresh_related.lua`.
 */
export const GetAndRefreshRelated: LuaScript<GetAndRefreshRelatedReply> = {
  name: 'GetAndRefreshRelated',
  source: `








local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not milliseconds(ARGV[1], 1) then
return refuse('expiration must be whole milliseconds, at least 1')
end
local value = redis.call('GETEX', KEYS[1], 'PX', ARGV[1])
if not value then return false end
for i = 2, #KEYS do redis.call('PEXPIRE', KEYS[i], ARGV[1]) end
return value`,
  sha1: {
    redis: 'af73348b4bb9378e6f39883a60b66dc93d636bac',
    upstash: '997ac88328155ad648ea22785318fcedcb14f381',
  },
  keys: { min: 1, max: Infinity, names: ['keys'] },
  args: { min: 1, max: 1, names: ['expiration'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** What {@link GetMultiple} answers: one for each key. */
export type GetMultipleReply = readonly (string | null)[]

/**
 * Gets many values in the order asked. A key that is missing, or is no string, gives null in its place:
 * the reply is as long as the question.
 *
 * - `KEYS[1..N]` keys
 *
 * One request; billed commands, the script's own calls included: 1 + ceil(N / 1000).
 * It may be sent again, writes nothing. Source: `get_multiple.lua`.
 */
export const GetMultiple: LuaScript<GetMultipleReply> = {
  name: 'GetMultiple',
  source: `








local values = {}

for first = 1, #KEYS, 1000 do
local last = math.min(first + 999, #KEYS)
local chunk = redis.call('MGET', unpack(KEYS, first, last))

for i = 1, last - first + 1 do values[first + i - 1] = chunk[i] or false end
end
return values`,
  sha1: {
    redis: '5b6a2b9b917468b433be66cac1bbc1e375e93006',
    upstash: '1f894b753918ec11a5499793ea539f7f646b204a',
  },
  keys: { min: 1, max: Infinity, names: ['keys'] },
  args: { min: 0, max: 0, names: [] },
  readonly: true,
  idempotent: true,
  dynamicKeys: false,
}

/**
 * What {@link IncrementWithExpiration} answers: the sum; as digits in a string from 2^53 on, where a
 * number is no longer exact.
 */
export type IncrementWithExpirationReply = number | string

/**
 * Adds to a counter whose expiration starts with its first increment and is not prolonged by later ones:
 * hits per day, attempts per hour. Subtracts when the amount is negative.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` amount: integer
 * - `ARGV[2]` expiration: milliseconds (0: never expires)
 *
 * One request; billed commands, the script's own calls included: 2 most times, 3 when it starts an
 * expiration or from 2^53 on, 4 when both.
 * It is not idempotent: never sent again when its outcome is unknown. Source:
 * `increment_with_expiration.lua`.
 */
export const IncrementWithExpiration: LuaScript<IncrementWithExpirationReply> = {
  name: 'IncrementWithExpiration',
  source: `











local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local amount, ttl = ARGV[1], milliseconds(ARGV[2], 0)
if not amount or #amount > 20 or amount ~= '0' and not string.match(amount, '^%-?[1-9]%d*$') then
return refuse('amount must be a whole number')
end
if not ttl then
return refuse('expiration must be whole milliseconds, or 0 for none')
end
local sum = redis.call('INCRBY', KEYS[1], amount)

if ttl > 0 and sum == tonumber(amount) then
redis.call('PEXPIRE', KEYS[1], ARGV[2], 'NX')
end
if sum > -9007199254740992 and sum < 9007199254740992 then return sum end
return redis.call('GET', KEYS[1])`,
  sha1: {
    redis: 'de47ace01058f871dda286c03409ee69d0542e87',
    upstash: '2a00e70b693606b217a40aec62e9a86173ad0b93',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 2, max: 2, names: ['amount', 'expiration'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/** What {@link IncrementWithin} answers: whether it added, and what the counter says now. */
export type IncrementWithinReply = readonly [changed: 0 | 1, value: number]

/**
 * Adds to a counter only if the sum stays between two bounds, and says whether it did: stock that cannot
 * be sold twice, a quota, credits. INCRBY followed by a look at the result would let the others see what
 * never was.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` amount: integer
 * - `ARGV[2]` min: integer
 * - `ARGV[3]` max: integer
 * - `ARGV[4]` expiration: milliseconds (0: never expires; it starts with the first increment)
 *
 * One request; billed commands, the script's own calls included: 4 when it starts an expiration, 3 when
 * it adds, 2 when not.
 * It is not idempotent: never sent again when its outcome is unknown. Source: `increment_within.lua`.
 */
export const IncrementWithin: LuaScript<IncrementWithinReply> = {
  name: 'IncrementWithin',
  source: `











local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function integer(text) if not text then return nil end local digits = string.match(text, '^%-([1-9]%d*)$') if not digits then return whole(text, 0, 9007199254740991) end local number = whole(digits, 1, 9007199254740991) return number and -number end
local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local amount, min, max = integer(ARGV[1]), integer(ARGV[2]), integer(ARGV[3])
local ttl = milliseconds(ARGV[4], 0)
if not (amount and min and max) then
return refuse('amount, min and max must be whole numbers below 2^53')
end
if not ttl then
return refuse('expiration must be whole milliseconds, or 0 for none')
end
local stored = redis.call('GET', KEYS[1])
local value = integer(stored or '0')
if not value then return refuse('the key holds no whole number below 2^53') end
local sum = value + amount
if sum < min or sum > max then return { 0, value } end
redis.call('INCRBY', KEYS[1], ARGV[1])
if ttl > 0 and not stored then
redis.call('PEXPIRE', KEYS[1], ARGV[4])
end
return { 1, sum }`,
  sha1: {
    redis: '994f5fe8c84005d71c5defe439a872644710b769',
    upstash: '0510b116b44f0440208c6dac608b5ddaf5cc71a1',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 4, max: 4, names: ['amount', 'min', 'max', 'expiration'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/**
 * What {@link RateLimitSlidingWindow} answers: whether it may pass; what is left; when to come back (0
 * when allowed, -1 when the cost exceeds max); when all is forgotten.
 */
export type RateLimitSlidingWindowReply = readonly [
  allowed: 0 | 1,
  remaining: number,
  retryAfterMs: number,
  resetMs: number,
]

/**
 * Lets through at most `max` in any window of the given length, however many come in the same instant, by
 * the server's clock. A hit that is denied consumes nothing. One key serves one max and one window.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` max: integer (up to 1000000000; 0 lets nothing through)
 * - `ARGV[2]` window: milliseconds (from 1)
 * - `ARGV[3]` cost?: integer (1 by default; 0 looks and consumes nothing)
 *
 * One request; billed commands, the script's own calls included: 4 when allowed, 3 when denied or cost is
 * 0.
 * It is not idempotent: never sent again when its outcome is unknown. Source:
 * `rate_limit_sliding_window.lua`.
 */
export const RateLimitSlidingWindow: LuaScript<RateLimitSlidingWindowReply> = {
  name: 'RateLimitSlidingWindow',
  source: `

















local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local max, cost = whole(ARGV[1], 0, 1000000000), whole(ARGV[3] or '1', 0, 1000000000)
local window = milliseconds(ARGV[2], 1)
if not max or not cost then return refuse('max and cost must be whole numbers, at most 1000000000') end
if not window then return refuse('window must be whole milliseconds, at least 1') end

local time = redis.call('TIME')
local now, span = tonumber(time[1]) * 1000000 + tonumber(time[2]), window * 1000
local log = redis.call('GET', KEYS[1]) or 'sw1'
if string.sub(log, 1, 3) ~= 'sw1' then return refuse('the key holds something else') end


local newest = tonumber(string.match(log, ' (%d+) %d+$') or '0')
if newest > now + span then log = 'sw1' elseif newest > now then now = newest end

local at, hits, used = {}, {}, 0
for instant, count in string.gmatch(log, ' (%d+) (%d+)') do
if tonumber(instant) >= now - span then
at[#at + 1], hits[#hits + 1] = tonumber(instant), tonumber(count)
used = used + hits[#hits]
end
end

local allowed, retry = 1, 0
if used + cost > max then
allowed, retry = 0, -1
local i, excess = 0, used + cost - max
while excess > 0 and cost <= max do
i = i + 1
excess = excess - hits[i]
retry = math.ceil((at[i] + span + 1 - now) / 1000)
end
elseif cost > 0 then
local last, slice = #at, span / 60
if last == 0 or math.floor(at[last] / slice) ~= math.floor(now / slice) then last = last + 1 end
at[last], hits[last], used = now, (hits[last] or 0) + cost, used + cost
for i = 1, last do log = (i == 1 and 'sw1' or log) .. string.format(' %.0f %.0f', at[i], hits[i]) end

redis.call('SET', KEYS[1], log, 'PX', string.format('%.0f', window + 1000))
end
local reset = #at > 0 and math.ceil((at[#at] + span + 1 - now) / 1000) or 0
return { allowed, math.max(0, max - used), retry, reset }`,
  sha1: {
    redis: '1cb82d6983a58b0a0ea2a60cb9dc803c3ff6add0',
    upstash: '59d6cfaaa5adb68f54250c118aa4b811e5cbb7ac',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 2, max: 3, names: ['max', 'window', 'cost'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/** What {@link ReleaseLock} answers: 0 when the token no longer had the lock. */
export type ReleaseLockReply = 0 | 1

/**
 * Gives a lock back, if the token still has it: never the lock that somebody else took after it had
 * expired.
 *
 * - `KEYS[1]` lock
 * - `ARGV[1]` token: string
 *
 * One request; billed commands, the script's own calls included: 3 when it releases, 2 when not.
 * It may be sent again. Source: `release_lock.lua`.
 */
export const ReleaseLock: LuaScript<ReleaseLockReply> = {
  name: 'ReleaseLock',
  source: `









local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if not ARGV[1] or ARGV[1] == '' then return refuse('token must not be empty') end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`,
  sha1: {
    redis: '569c2adc1f51c7d1309fcbe871318d863b3527c1',
    upstash: '001f888872e01c2c2b2bee3f6aec415e380d6eaa',
  },
  keys: { min: 1, max: 1, names: ['lock'] },
  args: { min: 1, max: 1, names: ['token'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** What {@link SetIfExists} answers: 1 when it wrote. */
export type SetIfExistsReply = 0 | 1

/**
 * Overwrites a value only if the key has one, and says whether it did: an update that never brings back
 * what was deleted or has expired.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` value: string
 * - `ARGV[2]` expiration: milliseconds | keep (0: never expires; keep: what is left of the present one)
 *
 * One request; billed commands, the script's own calls included: 2.
 * It may be sent again. Source: `set_if_exists.lua`.
 */
export const SetIfExists: LuaScript<SetIfExistsReply> = {
  name: 'SetIfExists',
  source: `









local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end local function lifetime(text, may_keep) if may_keep and text == 'keep' then return { 'KEEPTTL' } end if text == '0' then return {} end return milliseconds(text, 1) and { 'PX', text } end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local words = lifetime(ARGV[2], true)
if not words then
return refuse('expiration must be whole milliseconds, 0 for none, or keep')
end
return redis.call('SET', KEYS[1], ARGV[1], 'XX', unpack(words)) and 1 or 0`,
  sha1: {
    redis: '557a97dcf2fb981e8756c83768513abd703ac14a',
    upstash: 'e6397b7db6b6d25c8c00fe1c5a0e470f76609b1a',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 2, max: 2, names: ['value', 'expiration'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** What {@link SetIfNotExists} answers: 1 when it wrote. */
export type SetIfNotExistsReply = 0 | 1

/**
 * Writes a value only if the key has none, and says whether it did: the first of many wins.
 *
 * - `KEYS[1]` key
 * - `ARGV[1]` value: string
 * - `ARGV[2]` expiration: milliseconds (0: never expires)
 *
 * One request; billed commands, the script's own calls included: 2.
 * It is not idempotent: never sent again when its outcome is unknown. Source: `set_if_not_exists.lua`.
 */
export const SetIfNotExists: LuaScript<SetIfNotExistsReply> = {
  name: 'SetIfNotExists',
  source: `










local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end local function lifetime(text, may_keep) if may_keep and text == 'keep' then return { 'KEEPTTL' } end if text == '0' then return {} end return milliseconds(text, 1) and { 'PX', text } end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

local words = lifetime(ARGV[2])
if not words then
return refuse('expiration must be whole milliseconds, or 0 for none')
end
return redis.call('SET', KEYS[1], ARGV[1], 'NX', unpack(words)) and 1 or 0`,
  sha1: {
    redis: 'cf4ffac78fd909b0a2141d806bf1468419d05ae1',
    upstash: '9e26ef91ded217d230d9f408dbbdd636f5474258',
  },
  keys: { min: 1, max: 1, names: ['key'] },
  args: { min: 2, max: 2, names: ['value', 'expiration'] },
  readonly: false,
  idempotent: false,
  dynamicKeys: false,
}

/** What {@link SetMultiple} answers: how many were written: all. */
export type SetMultipleReply = number

/**
 * Writes many values, all or none: nobody sees some of them new and others old. What a key held before
 * does not matter, not even its type, so that no write can fail half way.
 *
 * - `KEYS[1..N]` keys
 * - `ARGV[1..N]` values: string
 * - `ARGV[N+1]` expiration: milliseconds (of all of them; 0: never expire)
 *
 * One request; billed commands, the script's own calls included: 1 + N with an expiration, 1 + ceil(N /
 * 500) without.
 * It may be sent again. Source: `set_multiple.lua`.
 */
export const SetMultiple: LuaScript<SetMultipleReply> = {
  name: 'SetMultiple',
  source: `









local function whole(text, min, max) if not text or #text > 16 then return nil end if text ~= '0' and not string.match(text, '^[1-9]%d*$') then return nil end local number = tonumber(text) if number < min or number > max then return nil end return number end local function milliseconds(text, min) return whole(text, min, 3155760000000) end
local function refuse(why) return redis.error_reply('ERR hybrid-cache: ' .. why) end

if #KEYS == 0 or #ARGV ~= #KEYS + 1 then
return refuse('there must be one value for each key, and then the expiration')
end
local ttl = milliseconds(ARGV[#ARGV], 0)
if not ttl then
return refuse('expiration must be whole milliseconds, or 0 for none')
end
if ttl > 0 then
for i = 1, #KEYS do redis.call('SET', KEYS[i], ARGV[i], 'PX', ARGV[#ARGV]) end
return #KEYS
end

for first = 1, #KEYS, 500 do
local pairs_of_chunk = {}
for i = first, math.min(first + 499, #KEYS) do
pairs_of_chunk[#pairs_of_chunk + 1] = KEYS[i]
pairs_of_chunk[#pairs_of_chunk + 1] = ARGV[i]
end
redis.call('MSET', unpack(pairs_of_chunk))
end
return #KEYS`,
  sha1: {
    redis: 'af1504ca7d7fb16e2be3bd3063f59f73112ceee2',
    upstash: '70357c53c0e9aef085a2d858865ef27786640389',
  },
  keys: { min: 1, max: Infinity, names: ['keys'] },
  args: { min: 2, max: Infinity, names: ['values', 'expiration'] },
  readonly: false,
  idempotent: true,
  dynamicKeys: false,
}

/** Every script by its name. Who names single ones instead bundles only those. */
export interface LuaScriptTable {
  readonly AcquireLock: LuaScript<AcquireLockReply>
  readonly AppendToLimitedList: LuaScript<AppendToLimitedListReply>
  readonly CompareAndDelete: LuaScript<CompareAndDeleteReply>
  readonly CompareAndSwap: LuaScript<CompareAndSwapReply>
  readonly DeleteByPattern: LuaScript<DeleteByPatternReply>
  readonly ExtendLock: LuaScript<ExtendLockReply>
  readonly GetAndExtendExpiration: LuaScript<GetAndExtendExpirationReply>
  readonly GetAndRefreshRelated: LuaScript<GetAndRefreshRelatedReply>
  readonly GetMultiple: LuaScript<GetMultipleReply>
  readonly IncrementWithExpiration: LuaScript<IncrementWithExpirationReply>
  readonly IncrementWithin: LuaScript<IncrementWithinReply>
  readonly RateLimitSlidingWindow: LuaScript<RateLimitSlidingWindowReply>
  readonly ReleaseLock: LuaScript<ReleaseLockReply>
  readonly SetIfExists: LuaScript<SetIfExistsReply>
  readonly SetIfNotExists: LuaScript<SetIfNotExistsReply>
  readonly SetMultiple: LuaScript<SetMultipleReply>
}

/** Every script of this package by its name. Importing a script by itself bundles no other. */
export const LuaScripts: LuaScriptTable = {
  AcquireLock,
  AppendToLimitedList,
  CompareAndDelete,
  CompareAndSwap,
  DeleteByPattern,
  ExtendLock,
  GetAndExtendExpiration,
  GetAndRefreshRelated,
  GetMultiple,
  IncrementWithExpiration,
  IncrementWithin,
  RateLimitSlidingWindow,
  ReleaseLock,
  SetIfExists,
  SetIfNotExists,
  SetMultiple,
}
