-- One portion of the holds of a store, oldest first. Writes nothing.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  only this wallet, or ''
-- ARGV[2]  only this state, or ''
-- ARGV[3]  created at least this many ms ago, or ''
-- ARGV[4]  how many at most
-- ARGV[5]  the sequence to continue after; 0 at the beginning
--
-- Returns  { the sequence to continue after, or '' at the end; then reference, row for each hold }; see portion.lua.
--
-- Atomic, so that the indexes and the holds are of one instant.

-- @include portion.lua

local base = KEYS[1]:sub(1, -6)
local wallet, state = ARGV[1], ARGV[2]
local now = serverTime()
local createdBy = ARGV[3] == '' and math.huge or now - tonumber(ARGV[3])

-- A reservation that is over is released, though it may not be swept yet.
local indexes = { 'open', 'closed' }
if state == 'reserved' or state == 'sent' then indexes = { 'open' } elseif state == 'captured' then indexes = { 'closed' } end

local reply = { '' }
reply[1] = eachAfter(base, indexes, ARGV[5], tonumber(ARGV[4]), function(_, reference, row)
  if row[STATE] == 'reserved' and tonumber(row[DUE_AT]) <= now then
    row[STATE], row[ENDED_AT], row[DUE_AT] = 'released', row[DUE_AT], ''
  end
  local isWanted = (wallet == '' or row[WALLET] == wallet)
    and (state == '' or row[STATE] == state)
    and tonumber(row[CREATED_AT]) <= createdBy
  if isWanted then
    reply[#reply + 1] = reference
    reply[#reply + 1] = writeRow(row)
  end
  return isWanted
end)
return reply
