-- The fixed window: windows of `span` microseconds follow each other since 1970, and each lets `limit` through.
--
-- A state is 'f1', the instant of the last hit and how much was let through in its window. So it also tells what
-- counts in a window of another length: everything where the last hit is in it, else nothing. A cost below 0 gives
-- back. Answers whether it may pass, the state to keep (nil: as it is), when it may pass, when the next window
-- begins, what is used, and 0. A clock that was set back stands still until it has caught up, and starts anew where that is
-- further than a window.
local function fixed_window(state, now, cost, limit, span)
  local at, used = string.match(state, '^f1 (%d+) (%d+)$')
  at, used = tonumber(at or '0'), tonumber(used or '0')
  if at > now + span then used = 0 elseif at > now then now = at end
  local start = now - now % span
  if at < start then used = 0 end
  local ok, text = cost <= 0 or used + cost <= limit, nil
  if ok and (cost > 0 or cost < 0 and used > 0) then
    used = math.max(0, used + cost)
    text = string.format('f1 %.0f %.0f', now, used)
  end
  return ok, text, ok and 0 or start + span, start + span, used, 0
end
