import { keyTable } from './script-key-table.ts'

/** Replaces the guard in a script that locks the whole database. */
export const NO_KEY_GUARD = 'nil,nil'

/**
 * Lua that gives two functions for a script with `allow-key-locking`: `refusal(name, …)` says why a call may not be
 * made, and `untouched()` gives the number of KEYS and then the positions of those that no call has named.
 *
 * - KEYS is read before the script runs, which could write to it.
 * - A number as a key becomes the text that Redis makes of it.
 * - A pattern of SORT leads to keys that only Redis sees; it stands for them here, so it must be in KEYS itself.
 * - What is malformed has fewer keys or none here: the engine refuses it anyway.
 */
export function keyGuard(): string {
  return `(function()
local specs=${JSON.stringify(keyTable())}
local type,tonumber,select,min=type,tonumber,select,math.min
local find,match,format,upper=string.find,string.match,string.format,string.upper
local listed,touched={},{}
for at=1,#KEYS do listed[at]=KEYS[at] touched[KEYS[at]]=false end
local function text(word)
  if type(word)=='number' then return format('%.17g',word) end
  if type(word)=='string' then return word end
end
local skipped={COUNT=1,BLOCK=1,GROUP=2,LIMIT=2}
local function specOf(name)
  local _,stop=find(specs,' '..name..'=',1,true)
  return stop and match(specs,'^%S*',stop+1) or '1,1,1'
end
local function eachKey(spec,words,count,visit)
  local function range(first,last,step)
    for at=first,min(last,count),step do visit(text(words[at])) end
  end
  local function option(at) return upper(text(words[at]) or '') end
  local first,last,step=match(spec,'^(%d),(-?%d),(%d)')
  if first then range(first+0,last+0<0 and count+1+last or last+0,step+0) end
  local counter=tonumber(match(spec,'#(%d)'))
  if counter then range(counter+1,counter+(tonumber(words[counter]) or 0),1) end
  local at=tonumber(match(spec,'@(%d)'))
  while at and at<=count do
    if option(at)=='STREAMS' then return range(at+1,at+(count-at)/2,1) end
    at=at+1+(skipped[option(at)] or 0)
  end
  at=tonumber(match(spec,'%?(%d)'))
  while at and at<count do
    local word,value=option(at),text(words[at+1])
    local pattern=(word=='BY' or word=='GET') and find(value or '','*',1,true)
    local store=word=='STORE' or word=='STOREDIST'
    if pattern or store then visit(value) end
    at=at+1+((word=='BY' or word=='GET' or store) and 1 or skipped[word] or 0)
  end
end
local function refusal(name,...)
  local spec=specOf(name)
  if spec=='!' then return 'ERR '..name.." is not allowed in Lua scripts when 'allow-key-locking' flag is set" end
  local unlisted
  eachKey(spec,{...},select('#',...),function(key)
    if key==nil then return end
    if touched[key]==nil then unlisted=unlisted or key else touched[key]=true end
  end)
  if unlisted==nil then return end
  return "ERR Dynamic keys are not allowed in Lua scripts when 'allow-key-locking' flag is set. Key was: "..unlisted
end
local function untouched()
  local positions={#listed}
  for at=1,#listed do
    if not touched[listed[at]] then positions[#positions+1]=at end
  end
  return positions
end
return refusal,untouched
end)()`
}
