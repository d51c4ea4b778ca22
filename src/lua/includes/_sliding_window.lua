-- The sliding window: what was let through within `span` microseconds never exceeds `limit`.
--
-- A state is 'sw1' and then pairs, oldest first: an instant in microseconds, and how much was let through. Hits
-- within the same slice share a pair, which carries the instant of the newest, so that nothing is forgotten too
-- early; the price is that a hit may wait a slice longer than it had to. A cost below 0 gives back what was let
-- through last. Answers whether it may pass, the state to keep (nil: as it is), when it may pass, when all is
-- forgotten, what is used, and the instant that counts as now: a clock that was set back stands still until it has
-- caught up, and starts anew where that is further than a window.
local function sliding_window(state, now, cost, limit, span, slice)
  if string.sub(state, 1, 3) ~= 'sw1' then state = 'sw1' end
  local newest = tonumber(string.match(state, ' (%d+) %d+$') or '0')
  if newest > now + span then state = 'sw1' elseif newest > now then now = newest end
  local at, hits, used = {}, {}, 0
  for instant, count in string.gmatch(state, ' (%d+) (%d+)') do
    if tonumber(instant) >= now - span then
      at[#at + 1], hits[#hits + 1] = tonumber(instant), tonumber(count)
      used = used + hits[#hits]
    end
  end
  local ok, text, retry, last = cost <= 0 or used + cost <= limit, nil, 0, #at
  if not ok then
    local i, excess = 0, used + cost - limit
    while excess > 0 and i < last do
      i = i + 1
      excess, retry = excess - hits[i], at[i] + span + 1
    end
  elseif cost > 0 then
    if last == 0 or at[last] - at[last] % slice ~= now - now % slice then last = last + 1 end
    at[last], hits[last] = now, (hits[last] or 0) + cost
  end
  local back = ok and math.min(used, -cost) or 0
  while back > 0 do
    local part = math.min(back, hits[last])
    hits[last], back, used = hits[last] - part, back - part, used - part
    if hits[last] == 0 then last = last - 1 end
    text = 'sw1'
  end
  if ok and cost > 0 then used, text = used + cost, 'sw1' end
  if text then
    local pairs_of_log = {}
    for i = 1, last do pairs_of_log[i] = string.format(' %.0f %.0f', at[i], hits[i]) end
    text = 'sw1' .. table.concat(pairs_of_log)
  end
  return ok, text, retry, last > 0 and at[last] + span + 1 or now, used, now
end
