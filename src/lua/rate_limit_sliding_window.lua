-- Allows at most `max` hits in any window of the given length, however many come in the same instant, by the
-- server's clock. A denied hit consumes nothing. Use a key with one max and one window only.
--
-- A slice is a 60th of the window, so that 62 pairs are the most that is ever kept.
--
-- KEYS[1] key
-- ARGV[1] max: integer - up to 1000000000; 0 denies all
-- ARGV[2] window: milliseconds - from 1
-- ARGV[3] cost?: integer - 1 by default; 0 checks and consumes nothing
-- returns readonly [allowed: 0 | 1, remaining: number, retryAfterMs: number, resetMs: number] - whether it may pass;
--   what is left; when to retry (0 when allowed, -1 when the cost exceeds max); when the whole max is free again
-- @idempotent no
-- @commands 4 when allowed, 3 when denied or cost is 0

-- @include _micros
-- @include _milliseconds
-- @include _refuse
-- @include _sliding_window
-- @include _whole
local max, cost = whole(ARGV[1], 0, 1000000000), whole(ARGV[3] or '1', 0, 1000000000)
local window = milliseconds(ARGV[2], 1)
if not max or not cost then return refuse('max and cost must be whole numbers, at most 1000000000') end
if not window then return refuse('window must be whole milliseconds, at least 1') end
local real, span, log = micros(redis.call('TIME')), window * 1000, redis.call('GET', KEYS[1]) or 'sw1'
if string.sub(log, 1, 3) ~= 'sw1' then return refuse('the key holds something else') end
local ok, text, retry, reset, used, now = sliding_window(log, real, cost, max, span, math.ceil(span / 60))
-- A second longer than the window: the key must not expire before its newest hit, however clocks are rounded.
if text then redis.call('SET', KEYS[1], text, 'PX', string.format('%.0f', window + 1000)) end
local wait = ok and 0 or cost > max and -1 or math.ceil((retry - now) / 1000)
return { ok and 1 or 0, math.max(0, max - used), wait, math.ceil((reset - now) / 1000) }
