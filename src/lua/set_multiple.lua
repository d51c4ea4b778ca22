-- Writes many values, all or none: no reader sees some of them new and others old. What a key held before does
-- not matter, not even its type, so that no write can fail half way.
--
-- KEYS[1..N] keys
-- ARGV[1..N] values: string
-- ARGV[N+1] expiration: milliseconds - of all of them; 0: never expire
-- returns number - how many were written, which is all
-- @idempotent no
-- @commands 1 + N with an expiration, 1 + ceil(N / 500) without

-- @include _milliseconds
-- @include _refuse

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
-- Engines hold only so many values on their stack: 500 pairs at a time.
for first = 1, #KEYS, 500 do
  local pairs_of_chunk = {}
  for i = first, math.min(first + 499, #KEYS) do
    pairs_of_chunk[#pairs_of_chunk + 1] = KEYS[i]
    pairs_of_chunk[#pairs_of_chunk + 1] = ARGV[i]
  end
  redis.call('MSET', unpack(pairs_of_chunk))
end
return #KEYS
