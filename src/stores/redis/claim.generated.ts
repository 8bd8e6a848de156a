// Made of claim.lua by scripts/embed.mjs.
export const claimScript: string = `local STATE, AMOUNT, CAPTURED, CREATED_AT, EXPIRES_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
local SEQUENCE, ATTEMPT, LEASE_OWNER, LEASE_UNTIL, WALLET, HELD_BEFORE, ABANDONED, METADATA = 8, 9, 10, 11, 12, 13, 14, 15
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(14) .. '(.*)$'
local function readRow(text)
  return text and { text:match(ROW_PATTERN) } or nil
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function whole(number)
  return string.format('%.0f', number)
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
local function readRows(base, references)
  local rows = {}
  for from = 1, #references, 4000 do
    local keys = {}
    for index = from, math.min(from + 3999, #references) do keys[#keys + 1] = base .. 'hold:' .. references[index] end
    for index, text in ipairs(redis.call('MGET', unpack(keys))) do
      rows[references[from + index - 1]] = readRow(text)
    end
  end
  return rows
end
local function indexed(key, after, count)
  local pairs = redis.call('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
  local references, scores = {}, {}
  for at = 1, #pairs, 2 do
    references[#references + 1] = pairs[at]
    scores[#scores + 1] = pairs[at + 1]
  end
  return references, scores
end
local LOOK = 2000
local base = KEYS[1]:sub(1, -6)
local owner, leaseMs, limit, after = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now = serverTime()
local sentBy = now - tonumber(ARGV[2])
local function isFree(row)
  return row[LEASE_OWNER] == '' or row[LEASE_OWNER] == owner or tonumber(row[LEASE_UNTIL]) <= now
end
local reply, leased = { '' }, {}
local last, looked, isEnd = after, 0, false
while not isEnd and looked < LOOK and #reply < 1 + 2 * limit do
  local portion = math.min(math.max(limit, 100), LOOK - looked)
  local references, scores = indexed(base .. 'open', last, portion)
  local rows = readRows(base, references)
  isEnd = #references < portion
  looked = looked + #references
  for at, reference in ipairs(references) do
    local row = rows[reference]
    last = scores[at]
    if row and row[STATE] == 'sent' and tonumber(row[SENT_AT]) <= sentBy and isFree(row) then
      row[LEASE_OWNER], row[LEASE_UNTIL] = owner, whole(now + leaseMs)
      leased[#leased + 1] = base .. 'hold:' .. reference
      leased[#leased + 1] = writeRow(row)
      reply[#reply + 1] = reference
      reply[#reply + 1] = leased[#leased]
      if #reply == 1 + 2 * limit then
        isEnd = false
        break
      end
    end
  end
end
callWithAll('MSET', nil, leased)
if not isEnd then reply[1] = last end
return reply`;
