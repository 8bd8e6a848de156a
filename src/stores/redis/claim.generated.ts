// Generated from claim.lua by scripts/embed.mjs. DO NOT EDIT.
export const claimScript: string = `local function refusalOf(protocol)
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
local owner, leaseMs, limit, last = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local sentBy = now - tonumber(ARGV[2])
local wallets = {}
for at = 6, #ARGV do wallets[#wallets + 1] = ARGV[at] end
if limit == 0 or #wallets == 0 then return { whole(now), '' } end
if not sift(base, now, tonumber(ARGV[2])) then return { whole(now), last } end
local function entriesAfter(after)
  local count = math.max(10, math.min(100, math.floor(2000 / #wallets)))
  local entries, horizon = {}, math.huge
  for _, wallet in ipairs(wallets) do
    local from, to = '[' .. wallet .. '\\n' .. string.format('%016d', after + 1), '(' .. wallet .. '\\n:'
    local members = redis.call('ZRANGEBYLEX', base .. 'undecided', from, to, 'LIMIT', 0, count)
    for _, member in ipairs(members) do
      local sequence, reference = member:match('^[^\\n]*\\n(%d+)\\n(.*)$')
      entries[#entries + 1] = { tonumber(sequence), reference }
    end
    if #members == count then horizon = math.min(horizon, entries[#entries][1]) end
  end
  table.sort(entries, function(a, b) return a[1] < b[1] end)
  while #entries > 0 and entries[#entries][1] > horizon do entries[#entries] = nil end
  return entries, horizon < math.huge
end
local function isFree(row, sequence)
  if tonumber(row[9]) ~= sequence or not isUndecided(row) or sentAt(row) > sentBy then return false end
  return row[10] == '' or row[10] == owner or tonumber(row[11]) <= now
end
local reply, leased = { whole(now), '' }, {}
local function take(entries)
  local keys = {}
  for at, entry in ipairs(entries) do keys[at] = base .. 'hold:' .. entry[2] end
  for at, text in ipairs(readTexts(keys, 1)) do
    local row = text and readRow(text)
    if row and isFree(row, entries[at][1]) then
      row[10], row[11] = owner, whole(now + leaseMs)
      local leasedText = writeRow(row)
      reply[#reply + 1] = entries[at][2]
      reply[#reply + 1] = leasedText
      leased[#leased + 1] = keys[at]
      leased[#leased + 1] = leasedText
      if #leased == 2 * limit then return entries[at][1] end
    end
  end
  return entries[#entries][1]
end
local looked, entries, isMore = 0, {}, true
while isMore and looked < 2000 and #leased < 2 * limit do
  entries, isMore = entriesAfter(tonumber(last))
  if #entries == 0 then break end
  last = whole(take(entries))
  looked = looked + #wallets + #entries
end
callWithAll('MSET', nil, leased)
if isMore or #leased == 2 * limit then reply[2] = last end
return reply`;
