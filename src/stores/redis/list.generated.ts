// Generated from list.lua by scripts/embed.mjs. DO NOT EDIT.
export const listScript: string = `local function refusalOf(protocol)
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
local base = KEYS[1]:sub(1, -6)
local state, limit, last = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local bornAt = tonumber(redis.call('HGET', KEYS[1], 'bornAt') or '0')
local createdBy = ARGV[2] == '' and math.huge or now - tonumber(ARGV[2])
local isOfAll, isWanted = ARGV[5] == 'all', {}
for at = 6, #ARGV do isWanted[ARGV[at]] = true end
local indexes = { 'open', 'closed' }
if state == 'reserved' or state == 'sent' then indexes = { 'open' } end
if state == 'captured' then indexes = { 'closed' } end
local function entriesAfter(after, count)
  local entries = {}
  for _, index in ipairs(indexes) do
    local pairs = redis.call('ZRANGEBYSCORE', base .. index, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
    for at = 1, #pairs, 2 do entries[#entries + 1] = { pairs[at], pairs[at + 1] } end
  end
  if #indexes > 1 then
    table.sort(entries, function(a, b) return tonumber(a[2]) < tonumber(b[2]) end)
  end
  return entries
end
local reply = { whole(now), '' }
local function visit(reference, row)
  if row[1] == 'reserved' and (tonumber(row[5]) <= now or tonumber(row[4]) < bornAt) then
    row[1], row[8], row[5] = 'released', whole(math.min(tonumber(row[5]), now)), ''
  end
  if not isOfAll and not isWanted[row[14]] then return end
  if state ~= '' and row[1] ~= state or tonumber(row[4]) > createdBy then return end
  reply[#reply + 1] = reference
  reply[#reply + 1] = writeRow(row)
end
local function collect()
  local looked = 0
  while looked < 2000 do
    local count = math.min(math.max(limit, 100), 2000 - looked)
    local entries, keys = entriesAfter(last, count), {}
    for at = 1, math.min(count, #entries) do keys[at] = base .. 'hold:' .. entries[at][1] end
    for at, text in ipairs(readTexts(keys, 1)) do
      last = entries[at][2]
      if text then visit(entries[at][1], readRow(text)) end
      if #reply == 2 + 2 * limit then return last end
    end
    if #entries < count then return '' end
    looked = looked + count
  end
  return last
end
if isOfAll or #ARGV >= 6 then reply[2] = collect() end
return reply`;
