-- One portion of the holds of a store, oldest first. Writes nothing.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  only this wallet, or ''
-- ARGV[2]  only this state, or ''
-- ARGV[3]  created at least this many ms ago, or ''
-- ARGV[4]  how many at most
-- ARGV[5]  the sequence to continue after; 0 at the beginning
--
-- Returns  { the sequence to continue after, or '' at the end; then reference, row for each hold }. A portion may hold fewer than
--          asked for, or none, and yet not be the last: 2,000 are looked at in one call, so that nobody else waits for long.
--
-- Atomic, so that the index and the holds are of one instant.

-- @include row.lua

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
    -- A reservation that is over and not swept yet.
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
return reply
