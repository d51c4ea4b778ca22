-- The error for a call that makes no sense. It repeats no argument: errors end up in logs.
local function refuse(why)
  return redis.error_reply('ERR hybrid-cache: ' .. why)
end
