-- Gives sent holds to one owner for a time, oldest first.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  the owner
-- ARGV[2]  sent at least this many ms ago
-- ARGV[3]  for how long nobody else is given them, in ms
-- ARGV[4]  how many at most
-- ARGV[5]  the sequence to continue after; 0 at the beginning
--
-- Returns  { the sequence to continue after, or '' at the end; then reference, row for each hold }. A portion may hold fewer than
--          asked for, or none, and yet not be the last: 2,000 are looked at in one call, so that nobody else waits for long.
--
-- Atomic, so that two owners are never given the same hold.

-- @include row.lua

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
return reply
