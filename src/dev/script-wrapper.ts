import { keyGuard, NO_KEY_GUARD } from './script-key-guard.ts'
import type { Shebang } from './script-shebang.ts'

/**
 * Puts a script into a function that counts what it calls. The reply becomes
 * `{1, {name, times, …}, untouched, result}`, or `{0, {name, times, …}, untouched, message, line}` when the script
 * raised an error; `untouched` is the number of its KEYS and the positions of those that it left alone, or `{}` for a
 * script without the flag `allow-key-locking`.
 *
 * The script's own first line stays its first line, with our opening before it; everything else of ours comes after
 * its last line. So the line numbers in Lua's messages are the author's.
 */
export function wrapScript({ kept, body, keyLocking }: Shebang, losesDigits: boolean): string {
  const startsOnSecondLine = body.startsWith('\n')
  const opening = 'return(function(redis,__finish)return __finish(function(...) '
  const wrapped = startsOnSecondLine ? `\n${opening}${body.slice(1)}` : `${opening}${body}`
  return `${kept}${wrapped}\nend)end)(${counting({ lines: body.split('\n').length, keyLocking, losesDigits })})`
}

/** The script as the engine would run it without us: to learn whether it compiles, and what is wrong if not. */
export function plainScript({ kept, body }: Shebang): string {
  return `${kept}${body}`
}

/**
 * Lua that gives the counting `redis` and the function that runs the script.
 *
 * - `line(level)` asks Lua itself for a position, by raising an error and reading what it put before the text: the
 *   debug library is not there. Lines after the script's last one are ours and mean nothing to its author.
 * - A `return redis.call(…)` is a tail call and its frame is gone by the time that the call fails, so the line in
 *   which `redis.call` was last named is kept for that case.
 * - The raw calls are made through `redis.pcall`, since an error that has left them has no line any more.
 * - Where the engine loses digits of the numbers that go to a command, as the embedded one does, they go as text.
 * - SELECT would change the one connection that every request shares.
 * - Calls that bypass us, by `_G.redis` or in the text of a `loadstring`, are neither counted nor checked: these globals
 *   cannot be replaced.
 * - Only a script with `allow-key-locking` carries the guard over its keys: the others need not pay for its length.
 */
function counting({
  lines,
  keyLocking,
  losesDigits,
}: {
  lines: number
  keyLocking: boolean
  losesDigits: boolean
}): string {
  return `(function()
local raw,counts,named,raised,raisedAt=redis,{},nil,nil,nil
local pcall,error,xpcall,type,tostring,tonumber=pcall,error,xpcall,type,tostring,tonumber
local pairs,select,unpack=pairs,select,unpack
local upper,match,format=string.upper,string.match,string.format
local keyRefusal,untouched=${keyLocking ? keyGuard() : NO_KEY_GUARD}
local function line(level)
  local _,text=pcall(error,'',level+2)
  local number=tonumber(match(text,'^user_script:(%d+):') or '')
  if number and number<=${lines} then return number end
end
local function count(name)
  if type(name)~='string' then return end
  name=upper(name)
  counts[name]=(counts[name] or 0)+1
  return name
end
local function exact(...)
  local words,count,changed={...},select('#',...),false
  for at=1,count do
    if type(words[at])=='number' then words[at],changed=format('%.17g',words[at]),true end
  end
  if changed then return unpack(words,1,count) end
  return ...
end
local function run(...)
  local name=count((...))
  if name=='SELECT' then return {err='ERR This Redis command is not allowed from script'} end
  local refused=name and keyRefusal and keyRefusal(name,select(2,...))
  if refused then return {err=refused} end
  return raw.pcall(${losesDigits ? 'exact(...)' : '...'})
end
local calls={pcall=run}
function calls.call(...)
  local reply=run(...)
  if type(reply)~='table' or reply.err==nil then return reply end
  raised,raisedAt=reply.err,line(2) or named
  error(raised,0)
end
local function explain(reason)
  if reason==raised then return {reason,raisedAt} end
  local at=nil
  for level=2,5 do at=at or line(level) end
  if type(reason)=='table' then return {tostring(reason.err or 'ERR unknown error'),at} end
  return {'ERR '..tostring(reason),at}
end
local function finish(script)
  local ok,value=xpcall(script,explain)
  local counted={}
  for name,times in pairs(counts) do
    counted[#counted+1]=name
    counted[#counted+1]=times
  end
  local left=untouched and untouched() or {}
  if ok then return {1,counted,left,value} end
  if type(value)~='table' then value={'ERR '..tostring(value)} end
  return {0,counted,left,value[1],value[2]}
end
local counted=setmetatable({},{__index=function(_,key)
  if calls[key]==nil then return raw[key] end
  named=line(2)
  return calls[key]
end})
return counted,finish
end)()`
}
