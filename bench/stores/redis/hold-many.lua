-- Handwritten: many holds of one wallet, with the promises of hold-one.lua for each of them.
--
-- KEYS[1]  hash: active, captured     ARGV[1]  wallet
-- KEYS[2]  sorted set of open holds   ARGV[2]  limit of active + captured
-- KEYS[3]  prefix of the row keys     ARGV[3]  state
--                                     ARGV[4+] reference, amount, metadata of each hold
--
-- Returns, for each hold, 1 held | 0 does not fit | the row if the reference is taken.

local totals = redis.call('HMGET', KEYS[1], 'active', 'captured')
local active, captured = tonumber(totals[1] or '0'), tonumber(totals[2] or '0')
local room = tonumber(ARGV[2]) - captured
local time = redis.call('TIME')
local now = string.format('%d%03d', time[1], math.floor(time[2] / 1000))
local head, times = ARGV[1] .. '\n' .. ARGV[3] .. '\n', '\n' .. now .. '\n' .. now .. '\n'

local keys = {}
for at = 4, #ARGV, 3 do keys[#keys + 1] = KEYS[3] .. ARGV[at] end
local rows = redis.call('MGET', unpack(keys))

local reply, written, indexed, ours = {}, {}, {}, {}
for index = 1, #keys do
  local key, at = keys[index], 3 * index + 1
  local row = rows[index] or ours[key]
  if row then
    reply[index] = row
  else
    local after = active + tonumber(ARGV[at + 1])
    if after > room then
      reply[index] = 0
    else
      active = after
      row = head .. ARGV[at + 1] .. times .. ARGV[at + 2]
      ours[key] = row
      written[#written + 1] = key
      written[#written + 1] = row
      indexed[#indexed + 1] = now
      indexed[#indexed + 1] = ARGV[at]
      reply[index] = 1
    end
  end
end
if #written > 0 then
  redis.call('MSET', unpack(written))
  redis.call('ZADD', KEYS[2], unpack(indexed))
  redis.call('HSET', KEYS[1], 'active', string.format('%.0f', active))
end
return reply
