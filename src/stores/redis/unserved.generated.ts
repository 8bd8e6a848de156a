// Generated from unserved.lua by scripts/embed.mjs. DO NOT EDIT.
export const unservedScript: string = `local function refusalOf(protocol)
  if protocol and protocol ~= tostring(2) then return redis.error_reply('PROTOCOL ' .. protocol) end
end
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(17) .. '(.*)$'
local function readRow(text)
  return { text:match(ROW_PATTERN) }
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function readRest(row)
  return row[18]:match('^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
end
local function turnOf(row)
  local _, turn = readRest(row)
  return tonumber(turn) or 1
end
local function whole(number)
  return string.format('%d', number)
end
local function storeTime(key, clock, offset)
  local time = redis.call('TIME')
  local server = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local now, kept = server + tonumber(offset or '0'), tonumber(clock or '0')
  if now >= kept then return now end
  redis.call('HSET', key, 'offset', whole(kept - server))
  return kept
end
local function readStoreTime(key)
  local clock, offset, protocol = unpack(redis.call('HMGET', key, 'clock', 'offset', 'protocol'))
  local refusal = refusalOf(protocol)
  if refusal then return nil, refusal end
  return storeTime(key, clock, offset)
end
local function callWithAll(command, key, values)
  for from = 1, #values, 4000 do
    local to = math.min(from + 3999, #values)
    if key then
      redis.call(command, key, unpack(values, from, to))
    else
      redis.call(command, unpack(values, from, to))
    end
  end
end
local function readTexts(keys, first)
  local texts = {}
  for from = first, #keys, 4000 do
    for index, text in ipairs(redis.call('MGET', unpack(keys, from, math.min(from + 3999, #keys)))) do
      texts[from - first + index] = text
    end
  end
  return texts
end
local function undecidedMember(row, reference)
  return row[14] .. '\\n' .. string.format('%016d', tonumber(row[9])) .. '\\n' .. reference
end
local function sift(base, now, ageMs)
  local first = tonumber(redis.call('HGET', base .. 'store', 'sifted') or '0')
  local last, looked, isDone, members, changed = first, 0, false, {}, {}
  while not isDone and looked < 2000 do
    local count = looked == 0 and 1 or 100
    local after = '(' .. whole(last)
    local entries = redis.call('ZRANGEBYSCORE', base .. 'open', after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
    local keys = {}
    for at = 1, #entries, 2 do keys[#keys + 1] = base .. 'hold:' .. entries[at] end
    isDone = #keys < count
    for at, text in ipairs(readTexts(keys, 1)) do
      local row = text and readRow(text)
      local createdAt = row and tonumber(row[4]) or 0
      if createdAt > now - ageMs and createdAt <= now then
        isDone = true
        break
      end
      if row and row[1] == 'sent' then
        members[#members + 1] = '0'
        members[#members + 1] = undecidedMember(row, entries[2 * at - 1])
        row[11] = '0'
        changed[#changed + 1] = keys[at]
        changed[#changed + 1] = writeRow(row)
      end
      last = tonumber(entries[2 * at])
    end
    looked = looked + #keys
  end
  callWithAll('ZADD', base .. 'undecided', members)
  callWithAll('MSET', nil, changed)
  if last > first then redis.call('HSET', base .. 'store', 'sifted', whole(last)) end
  return isDone
end
local function isUndecided(row)
  return row[1] == 'sent' or row[13] == '1'
end
local function sentAt(row)
  return tonumber(row[6] == '' and row[4] or row[6])
end
local base = KEYS[1]:sub(1, -6)
local most, from = tonumber(ARGV[2]), ARGV[3]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local since = now - tonumber(ARGV[1])
local isLeftOut = {}
for at = 4, #ARGV do isLeftOut[ARGV[at]] = true end
local reply = { whole(now), from }
if not sift(base, now, tonumber(ARGV[1])) then return reply end
local function isUnserved(row)
  return isUndecided(row) and sentAt(row) <= since and (tonumber(row[11]) or 0) <= since
end
local function firstWallet(members)
  local name, keys = members[1]:match('^[^\\n]*'), {}
  for at, member in ipairs(members) do
    local wallet, reference = member:match('^([^\\n]*)\\n%d+\\n(.*)$')
    if wallet ~= name then break end
    keys[at] = base .. 'hold:' .. reference
  end
  return name, keys
end
local function isAnyUnserved(keys)
  for _, text in ipairs(readTexts(keys, 1)) do
    if text and isUnserved(readRow(text)) then return true end
  end
  return false
end
local looked = 0
while looked < 2000 and #reply < 2 + most do
  local members = redis.call('ZRANGEBYLEX', base .. 'undecided', from, '+', 'LIMIT', 0, 10)
  if #members == 0 then
    from = ''
    break
  end
  local name, keys = firstWallet(members)
  local isFound = not isLeftOut[name] and isAnyUnserved(keys)
  if isFound then reply[#reply + 1] = name end
  local isOver = isFound or isLeftOut[name] or #keys < #members
  from = isOver and '[' .. name .. '\\n:' or '(' .. members[#keys]
  looked = looked + #keys
end
reply[2] = from
return reply`;
