-- A hold as text: fifteen lines, of which any but the last may be empty. Text, because one MGET then reads all holds of a batch
-- and one MSET writes them; a hash for each hold made two calls for each. No text of a caller has a line break, and the metadata is
-- JSON, which has none either. Times are milliseconds of the server's clock.

-- DUE_AT is when a reservation expires, or when a capture counts as visible.
local STATE, AMOUNT, CAPTURED, CREATED_AT, DUE_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
-- SEQUENCE counts up with each hold: the order of the list, and what tells two holds of one reference apart.
-- HELD_BEFORE is '1' when the reference was held and released before.
-- ABANDONED are other attempts, each with a space: they must not take the reference when they arrive late.
-- ATTEMPT is the random text of the request that took the hold. LEASE_*: who reconciles it, and until when.
local SEQUENCE, LEASE_OWNER, LEASE_UNTIL, WALLET, HELD_BEFORE, ABANDONED, ATTEMPT, METADATA = 8, 9, 10, 11, 12, 13, 14, 15
local ROW_PATTERN = '^' .. ('([^\n]*)\n'):rep(14) .. '(.*)$'

local function readRow(text)
  return { text:match(ROW_PATTERN) }
end

local function writeRow(row)
  return table.concat(row, '\n')
end

local function whole(number)
  return string.format('%d', number)
end

-- Milliseconds and microseconds of the server's clock.
local function serverTime()
  local time = redis.call('TIME')
  local seconds, micros = tonumber(time[1]), tonumber(time[2])
  return seconds * 1000 + math.floor(micros / 1000), seconds * 1000000 + micros
end

-- One call with all values, in portions that the stack of Lua has room for.
local function callWithAll(command, key, values)
  for from = 1, #values, 4000 do
    local to = math.min(from + 3999, #values)
    if key then redis.call(command, key, unpack(values, from, to)) else redis.call(command, unpack(values, from, to)) end
  end
end

-- The texts of these keys, in their order; false where there is none.
local function readTexts(keys, first)
  local texts = {}
  for from = first, #keys, 4000 do
    for index, text in ipairs(redis.call('MGET', unpack(keys, from, math.min(from + 3999, #keys)))) do
      texts[from - first + index] = text
    end
  end
  return texts
end
