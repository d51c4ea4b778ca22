-- One counter gives every write of a cache its version. It is seeded with the server's time in microseconds, so
-- that after a flush it goes on above all that went before; a smaller count says that nobody has seeded it.
-- Beyond 2^53 a number is no longer exact.
local function seeded(version)
  return version >= 1000000000000 and version <= 9007199254740991
end
local function digits(number)
  return string.format('%.0f', number)
end
