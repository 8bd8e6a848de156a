// Made of claim.lua by scripts/embed.mjs.
export const claimScript: string = `local STATE, AMOUNT, CAPTURED, CREATED_AT, DUE_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
local SEQUENCE, LEASE_OWNER, LEASE_UNTIL, WALLET, HELD_BEFORE, ABANDONED, ATTEMPT, METADATA = 8, 9, 10, 11, 12, 13, 14, 15
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(14) .. '(.*)$'
local function readRow(text)
  return { text:match(ROW_PATTERN) }
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function whole(number)
  return string.format('%d', number)
end
local function serverTime()
  local time = redis.call('TIME')
  local seconds, micros = tonumber(time[1]), tonumber(time[2])
  return seconds * 1000 + math.floor(micros / 1000), seconds * 1000000 + micros
end
local function callWithAll(command, key, values)
  for from = 1, #values, 4000 do
    local to = math.min(from + 3999, #values)
    if key then redis.call(command, key, unpack(values, from, to)) else redis.call(command, unpack(values, from, to)) end
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
local LOOK = 2000
local function entriesAfter(base, indexes, after, count)
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
local function eachAfter(base, indexes, after, limit, visit)
  local last, looked, wanted = after, 0, 0
  while looked < LOOK do
    local count = math.min(math.max(limit, 100), LOOK - looked)
    local entries, keys = entriesAfter(base, indexes, last, count), {}
    for at = 1, math.min(count, #entries) do keys[at] = base .. 'hold:' .. entries[at][1] end
    for at, text in ipairs(readTexts(keys, 1)) do
      last = entries[at][2]
      if text and visit(keys[at], entries[at][1], readRow(text)) then
        wanted = wanted + 1
        if wanted == limit then return last end
      end
    end
    if #entries < count then return '' end
    looked = looked + count
  end
  return last
end
local base = KEYS[1]:sub(1, -6)
local owner, leaseMs = ARGV[1], tonumber(ARGV[3])
local now = serverTime()
local sentBy = now - tonumber(ARGV[2])
local function isFree(row)
  return row[LEASE_OWNER] == '' or row[LEASE_OWNER] == owner or tonumber(row[LEASE_UNTIL]) <= now
end
local reply, leased = { '' }, {}
reply[1] = eachAfter(base, { 'open' }, ARGV[5], tonumber(ARGV[4]), function(key, reference, row)
  if row[STATE] ~= 'sent' or tonumber(row[SENT_AT]) > sentBy or not isFree(row) then return false end
  row[LEASE_OWNER], row[LEASE_UNTIL] = owner, whole(now + leaseMs)
  reply[#reply + 1] = reference
  reply[#reply + 1] = writeRow(row)
  leased[#leased + 1] = key
  leased[#leased + 1] = reply[#reply]
  return true
end)
callWithAll('MSET', nil, leased)
return reply`;
