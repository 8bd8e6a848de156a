// Made of list.lua by scripts/embed.mjs.
export const listScript: string = `local STATE, AMOUNT, CAPTURED, CREATED_AT, EXPIRES_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
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
local wallet, state, limit, after = ARGV[1], ARGV[2], tonumber(ARGV[4]), ARGV[5]
local now = serverTime()
local createdBy = ARGV[3] == '' and math.huge or now - tonumber(ARGV[3])
local index = (state == 'reserved' or state == 'sent') and 'open' or 'holds'
local reply = { '' }
local last, looked, isEnd = after, 0, false
while not isEnd and looked < LOOK and #reply < 1 + 2 * limit do
  local portion = math.min(math.max(limit, 100), LOOK - looked)
  local references, scores = indexed(base .. index, last, portion)
  local rows = readRows(base, references)
  isEnd = #references < portion
  looked = looked + #references
  for at, reference in ipairs(references) do
    local row = rows[reference]
    last = scores[at]
    if row and row[STATE] == 'reserved' and tonumber(row[EXPIRES_AT]) <= now then
      row[STATE], row[ENDED_AT], row[EXPIRES_AT] = 'released', row[EXPIRES_AT], ''
    end
    local isWanted = row and (wallet == '' or row[WALLET] == wallet)
      and (state == '' or row[STATE] == state)
      and tonumber(row[CREATED_AT]) <= createdBy
    if isWanted then
      reply[#reply + 1] = reference
      reply[#reply + 1] = writeRow(row)
      if #reply == 1 + 2 * limit then
        isEnd = false
        break
      end
    end
  end
end
if not isEnd then reply[1] = last end
return reply`;
