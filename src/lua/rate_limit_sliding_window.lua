-- Lets through at most `max` in any window of the given length, however many come in the same instant, by the
-- server's clock. A hit that is denied consumes nothing. One key serves one max and one window.
--
-- One string holds 'sw1' and then pairs, oldest first: an instant in microseconds, and how much was let
-- through. Hits within the same slice, a 60th of the window, share a pair, and it carries the instant of the
-- newest, so that nothing is forgotten too early: the promise is strict, and 62 pairs are the most that is
-- ever kept. An exact log would keep a member for every hit. The price: a hit may wait a slice longer than it
-- had to. Hits that are further apart than a slice are exact.
--
-- KEYS[1] key
-- ARGV[1] max: integer - up to 1000000000; 0 lets nothing through
-- ARGV[2] window: milliseconds - from 1
-- ARGV[3] cost?: integer - 1 by default; 0 looks and consumes nothing
-- returns readonly [allowed: 0 | 1, remaining: number, retryAfterMs: number, resetMs: number] - whether it
--   may pass; what is left; when to come back (0 when allowed, -1 when the cost exceeds max); when all is
--   forgotten
-- @idempotent no
-- @commands 4 when allowed, 3 when denied or cost is 0

-- @include _milliseconds
-- @include _refuse
-- @include _whole

local max, cost = whole(ARGV[1], 0, 1000000000), whole(ARGV[3] or '1', 0, 1000000000)
local window = milliseconds(ARGV[2], 1)
if not max or not cost then return refuse('max and cost must be whole numbers, at most 1000000000') end
if not window then return refuse('window must be whole milliseconds, at least 1') end

local time = redis.call('TIME')
local now, span = tonumber(time[1]) * 1000000 + tonumber(time[2]), window * 1000
local log = redis.call('GET', KEYS[1]) or 'sw1'
if string.sub(log, 1, 3) ~= 'sw1' then return refuse('the key holds something else') end

-- A clock that was set back stands still here until it has caught up; further than a window back, it starts
-- anew.
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
  -- A second longer than the window: the key must not expire before its newest hit, however clocks are
  -- rounded.
  redis.call('SET', KEYS[1], log, 'PX', string.format('%.0f', window + 1000))
end
local reset = #at > 0 and math.ceil((at[#at] + span + 1 - now) / 1000) or 0
return { allowed, math.max(0, max - used), retry, reset }
