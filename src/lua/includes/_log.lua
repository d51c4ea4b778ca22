-- The log of versions keeps what was written, by name, with the version as its score: `scored` gives the words
-- of a ZADD for all names in `words` from the place `from` to `to`. It keeps the newest 1024 versions, which is a
-- constant of the protocol: of 256 writers one lets the older ones go, the one for whom there is a
-- `trim_limit`.
-- @include _version
local function scored(version, words, from, to)
  local list = {}
  for i = from, to do
    list[#list + 1] = digits(version)
    list[#list + 1] = words[i]
  end
  return list
end
local function trim_limit(version)
  return version % 256 == 0 and digits(version - 1024)
end
