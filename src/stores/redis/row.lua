-- A hold as text: 21 lines, of which any but the last may be empty. Text, because one MGET then reads all holds of a
-- batch and one MSET writes them; a hash for each hold took two calls for each. No text of a caller has a line break,
-- and the metadata is JSON, which has none either. Times are milliseconds of the store's time: see storeTime().

-- @include protocol.lua

-- DUE_AT is the time at which a reservation expires, or a capture counts as visible.
-- SENDS_FOR is for how long after SENT_AT the code that pays may send: a duration, because it is shorter than a time.
local STATE, AMOUNT, CAPTURED, CREATED_AT, DUE_AT, SENT_AT, SENDS_FOR, ENDED_AT = 1, 2, 3, 4, 5, 6, 7, 8
-- SEQUENCE counts up with each hold: the order of the list, and the difference between two holds of one reference.
-- LEASE_*: the owner of the claim on the hold, and until when: '0' before the first claim, '' if it is not in the index
-- `undecided`. FAILED and AWAITS (the outcome of a capture) are '1' or ''. ATTEMPT is the random text of the request
-- that took the hold; SENDER is '' for the attempt itself.
local SEQUENCE, LEASE_OWNER, LEASE_UNTIL, FAILED, AWAITS, WALLET, ATTEMPT, SENDER = 9, 10, 11, 12, 13, 14, 15, 16
-- '<day> <payee>': what the hold counts for under daily limits; '' if its wallet had none.
local LIMITS = 17
-- The last four lines are read as one, because few operations need them: see readRest().
local REST = 18

-- The most holds that one call reads, so that no other caller waits for long.
local LOOK = 2000
local ROW_PATTERN = '^' .. ('([^\n]*)\n'):rep(17) .. '(.*)$'

local function readRow(text)
  return { text:match(ROW_PATTERN) }
end

local function writeRow(row)
  return table.concat(row, '\n')
end

-- The fingerprint; which hold of the reference this is, '' for the first; the currency: code and exponent, with a space
-- between; the metadata.
local function readRest(row)
  return row[REST]:match('^([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
end

local function turnOf(row)
  local _, turn = readRest(row)
  return tonumber(turn) or 1
end

local function whole(number)
  return string.format('%d', number)
end

-- The time of the store, in milliseconds: the server's clock and an offset. It never runs back, or a message that came
-- too late would be in time again, and it never stops: when the clock is behind what it was, the offset grows by the
-- difference.
local function storeTime(key, clock, offset)
  local time = redis.call('TIME')
  local server = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local now, kept = server + tonumber(offset or '0'), tonumber(clock or '0')
  if now >= kept then return now end
  redis.call('HSET', key, 'offset', whole(kept - server))
  return kept
end

-- The same for a script that reads nothing else of the store; or nil and the error reply that refuses the store.
local function readStoreTime(key)
  local clock, offset, protocol = unpack(redis.call('HMGET', key, 'clock', 'offset', 'protocol'))
  local refusal = refusalOf(protocol)
  if refusal then return nil, refusal end
  return storeTime(key, clock, offset)
end

-- One call with all values, in portions that the stack of Lua has room for.
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

-- A hold as the index `undecided` has it. All members have the same score, so they are in the order of their texts: by
-- wallet, and within a wallet by sequence.
local function undecidedMember(row, reference)
  return row[WALLET] .. '\n' .. string.format('%016d', tonumber(row[SEQUENCE])) .. '\n' .. reference
end
