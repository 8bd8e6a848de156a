-- The version of the keys and of what is in them. Data of another one is refused: it may differ in what the scripts
-- rely on. A store that has none was not written to yet.
local PROTOCOL = 2

-- The error reply for data of another version; nil for data that may be used.
local function refusalOf(protocol)
  if protocol and protocol ~= tostring(PROTOCOL) then return redis.error_reply('PROTOCOL ' .. protocol) end
end
