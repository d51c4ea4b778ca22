-- Checks one or more rate limits by the server's clock, and takes the cost from all of them or from none: for the
-- limiters of hybrid-cache/rate-limit, which build the arguments and have checked them.
--
-- Each key is one limit and one identifier. Whatever an algorithm does not know the form of counts as nothing there,
-- and is replaced. A state may stand behind a block: nothing passes until that ends. To give and to block shortens no
-- life: a longer span may have counted there.
--
-- The arithmetic of each algorithm is in its include, and nowhere else. Where something denies, the others are asked
-- again for a cost of 0, which tells what they hold as it is.
--
-- KEYS[1..N] limits
-- ARGV[1] mode: string - take; look: answers as take would, and changes nothing; give: a negative cost, which no
--   block stops; block: denies all for as many milliseconds as the cost says, 0 ends a block
-- ARGV[2..N] words: string - eight for each key: algorithm (g, s or f), cost, limit, span in microseconds, and then
--   for g tau, its rest, step, its rest; for s slice, and three more; for f four more, whole numbers all of them
-- returns readonly number[] - the instant of the server in microseconds, and then for each key: 1 may pass, 0 may
--   not, -1 is blocked; when it may pass; when all is free again; and how much is used, or for g tat and its rest
-- @idempotent no
-- @commands 3 + N when all are taken from, 3 + N + N when all are changed by hand, 3 when none changes

-- @include _blocked
-- @include _fixed_window
-- @include _gcra
-- @include _micros
-- @include _refuse
-- @include _sliding_window

local mode, algorithms, rules = ARGV[1], { g = gcra, s = sliding_window, f = fixed_window }, {}
if #KEYS == 0 or #ARGV ~= 1 + 8 * #KEYS then return refuse('there must be eight words for each key') end
for i = 1, #KEYS do
  local rule, fits = { ask = algorithms[ARGV[8 * i - 6]] }, true
  for word = 1, 7 do
    rule[word] = tonumber(ARGV[8 * i - 6 + word])
    fits = fits and rule[word] and rule[word] % 1 == 0
  end
  if not rule.ask or not fits or rule[2] < 1 or rule[3] < 1 or rule.ask == sliding_window and rule[4] < 1 then
    return refuse('a word is not an algorithm, or not a whole number in its range')
  end
  rules[i] = rule
end

local now, changes = micros(redis.call('TIME')), mode ~= 'look'
local states = redis.call('MGET', unpack(KEYS))
for i, rule in ipairs(rules) do
  rule.ends, rule.state = blocked_until(states[i] or '', now)
  if mode == 'block' then
    rule.found = { true, (rule[1] > 0 or rule.ends > 0) and rule.state, 0, now }
    rule.ends = rule[1] > 0 and now + rule[1] * 1000 or 0
  else
    rule.found = { rule.ask(rule.state, now, unpack(rule, 1, 7)) }
    if rule.ends > now and mode ~= 'give' then
      rule.found[1], rule.found[3] = false, math.max(rule.found[3], rule.ends)
    end
  end
  changes = changes and rule.found[1]
end

local reply = { now }
for i, rule in ipairs(rules) do
  local ok, text, retry, reset, used, rest = unpack(rule.found, 1, 6)
  if not changes then
    local _
    _, _, _, reset, used, rest = rule.ask(rule.state, now, 0, unpack(rule, 2, 7))
  elseif text then
    -- A second longer than it counts, however clocks are rounded; and by hand no shorter than it was.
    local left = mode == 'take' and 0 or redis.call('PTTL', KEYS[i])
    left = math.max(left, math.ceil((math.max(reset, rule.ends) - now) / 1000) + 1000)
    redis.call('SET', KEYS[i], blocked(rule.ends, text), 'PX', string.format('%.0f', left))
  end
  local state = ok and 1 or rule.ends > now and -1 or 0
  for _, number in ipairs({ state, retry, reset, used or 0, rest or 0 }) do reply[#reply + 1] = number end
end
return reply
