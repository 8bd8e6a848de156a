-- Gives sent holds to one owner for a time, oldest first.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  the owner
-- ARGV[2]  sent at least this many ms ago
-- ARGV[3]  for how long nobody else is given them, in ms
-- ARGV[4]  how many at most
-- ARGV[5]  the sequence to continue after; 0 at the beginning
--
-- Returns  { the sequence to continue after, or '' at the end; then reference, row for each hold }; see portion.lua.
--
-- Atomic, so that two owners are never given the same hold.

-- @include portion.lua

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
return reply
