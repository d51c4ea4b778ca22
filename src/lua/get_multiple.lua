-- Gets many values in the order of the keys. A key that is missing, or is not a string, gives null in its place: the
-- reply has one element for each key.
--
-- KEYS[1..N] keys
-- returns readonly (string | null)[] - one for each key
-- @idempotent yes
-- @readonly
-- @commands 1 + ceil(N / 1000) always

local values = {}
-- Engines hold only so many values on their stack.
for first = 1, #KEYS, 1000 do
  local last = math.min(first + 999, #KEYS)
  local chunk = redis.call('MGET', unpack(KEYS, first, last))
  -- `or false`: a nil would end the reply.
  for i = 1, last - first + 1 do values[first + i - 1] = chunk[i] or false end
end
return values
