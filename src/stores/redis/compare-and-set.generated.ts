// Generated from compare-and-set.lua by scripts/embed.mjs. DO NOT EDIT.
export const compareAndSetScript: string = `local function refusalOf(protocol)
  if protocol and protocol ~= tostring(2) then return redis.error_reply('PROTOCOL ' .. protocol) end
end
local refusal = refusalOf(redis.call('HGET', KEYS[2], 'protocol'))
if refusal then return refusal end
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1`;
