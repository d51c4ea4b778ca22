-- GCRA, the generic cell rate algorithm of ITU-T I.371, which is a token bucket told in time: a unit takes
-- period / limit to be paid for, `tat` (the theoretical arrival time) is when all that was let through is paid for,
-- and it may be ahead of now by no more than `tau`, what a burst takes.
--
-- Exact, for times are whole microseconds and a rest in parts of 1 / limit, and the products (`tau` for the burst,
-- `step` for the cost) come from the caller, who has larger numbers. A state is 'g1', tat, its rest, and the limit and
-- period that it was made with: where those have changed since, what is unpaid counts on in whole units, rounded up,
-- which is exact as long as units times microseconds are below 2^53. Nobody owes more than a burst, whatever has become
-- of clock and limits. A cost below 0 gives back. Answers whether it may pass, the state to keep (nil: as it is), when it
-- may pass, when all is paid for, and tat with its rest.
local function gcra(state, now, cost, limit, period, tau, tau_rest, step, step_rest)
  local tat, rest, made_limit, made_period = string.match(state, '^g1 (%d+) (%d+) (%d+) (%d+)$')
  tat, rest = tonumber(tat or '0'), tonumber(rest or '0')
  if tat < now then
    tat, rest = now, 0
  elseif tonumber(made_limit) ~= limit or tonumber(made_period) ~= period then
    local price = period * math.ceil(((tat - now) * tonumber(made_limit) + rest) / tonumber(made_period))
    rest = price < 9007199254740992 and price % limit or 0
    tat = now + math.ceil((price - rest) / limit)
  end
  if tat - now > tau or tat - now == tau and rest > tau_rest then tat, rest = now + tau, tau_rest end
  if cost == 0 then step, step_rest = 0, 0 end
  local next_tat, next_rest = tat + step, rest + step_rest
  if next_rest >= limit then next_tat, next_rest = next_tat + 1, next_rest - limit end
  if next_tat < now then next_tat, next_rest = now, 0 end
  local ahead = next_tat - now
  local ok, text, retry = cost <= 0 or ahead < tau or ahead == tau and next_rest <= tau_rest, nil, 0
  if not ok then
    retry = next_tat - tau + (next_rest > tau_rest and 1 or 0)
  else
    if next_tat ~= tat or next_rest ~= rest then
      text = string.format('g1 %.0f %.0f %.0f %.0f', next_tat, next_rest, limit, period)
    end
    tat, rest = next_tat, next_rest
  end
  return ok, text, retry, tat + (rest > 0 and 1 or 0), tat, rest
end
