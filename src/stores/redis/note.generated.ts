// Generated from note.lua by scripts/embed.mjs. DO NOT EDIT.
export const noteScript: string = `local function refusalOf(protocol)
  if protocol and protocol ~= tostring(2) then return redis.error_reply('PROTOCOL ' .. protocol) end
end
local refusal = refusalOf(redis.call('HGET', KEYS[2], 'protocol'))
if refusal then return refusal end
return redis.call('HGET', KEYS[1], ARGV[1])`;
