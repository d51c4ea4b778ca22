-- Takes an order out of the stock: all of its articles, or none.
-- KEYS: the stock of each article. ARGV: how many of each are wanted.
-- Returns 0, or which article (1, 2, …) there is too little of.
for i, key in ipairs(KEYS) do
  local stock = tonumber(redis.call('GET', key) or '0')
  if stock < tonumber(ARGV[i]) then return i end
end
for i, key in ipairs(KEYS) do
  redis.call('DECRBY', key, ARGV[i])
end
return 0
