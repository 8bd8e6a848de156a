-- Gives undecided holds of some wallets to one owner for a time, in the order of their sequence.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  the owner
-- ARGV[2]  sent at least this many ms ago
-- ARGV[3]  how long no other owner is given them, in ms
-- ARGV[4]  how many at most; with 0 none
-- ARGV[5]  the sequence to continue after; 0 at the beginning
-- ARGV[6+] the wallets
--
-- Returns  { now (ms), the sequence to continue after, or '' at the end; then reference, row for each hold }. There may
--          be fewer holds than asked for, or none, and yet more to come: one call reads a bounded number.
--
-- Atomic, so that two owners are never given the same hold.

-- @include sift.lua

local base = KEYS[1]:sub(1, -6)
local owner, leaseMs, limit, last = ARGV[1], tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local sentBy = now - tonumber(ARGV[2])
local wallets = {}
for at = 6, #ARGV do wallets[#wallets + 1] = ARGV[at] end

if limit == 0 or #wallets == 0 then return { whole(now), '' } end
if not sift(base, now, tonumber(ARGV[2])) then return { whole(now), last } end

-- The next entries of all wallets, in the order of their sequence: { sequence, reference }; and whether there are more.
local function entriesAfter(after)
  local count = math.max(10, math.min(100, math.floor(LOOK / #wallets)))
  local entries, horizon = {}, math.huge
  for _, wallet in ipairs(wallets) do
    local from, to = '[' .. wallet .. '\n' .. string.format('%016d', after + 1), '(' .. wallet .. '\n:'
    local members = redis.call('ZRANGEBYLEX', base .. 'undecided', from, to, 'LIMIT', 0, count)
    for _, member in ipairs(members) do
      local sequence, reference = member:match('^[^\n]*\n(%d+)\n(.*)$')
      entries[#entries + 1] = { tonumber(sequence), reference }
    end
    -- Beyond the last entry of a wallet that has more, those of other wallets would be out of order.
    if #members == count then horizon = math.min(horizon, entries[#entries][1]) end
  end
  table.sort(entries, function(a, b) return a[1] < b[1] end)
  while #entries > 0 and entries[#entries][1] > horizon do entries[#entries] = nil end
  return entries, horizon < math.huge
end

-- Returns true if the hold of an entry may be leased.
local function isFree(row, sequence)
  if tonumber(row[SEQUENCE]) ~= sequence or not isUndecided(row) or sentAt(row) > sentBy then return false end
  return row[LEASE_OWNER] == '' or row[LEASE_OWNER] == owner or tonumber(row[LEASE_UNTIL]) <= now
end

local reply, leased = { whole(now), '' }, {}

-- Adds the holds among these entries that may be had, up to the limit. Returns the sequence of the last entry that was
-- read.
local function take(entries)
  local keys = {}
  for at, entry in ipairs(entries) do keys[at] = base .. 'hold:' .. entry[2] end
  for at, text in ipairs(readTexts(keys, 1)) do
    local row = text and readRow(text)
    if row and isFree(row, entries[at][1]) then
      row[LEASE_OWNER], row[LEASE_UNTIL] = owner, whole(now + leaseMs)
      local leasedText = writeRow(row)
      reply[#reply + 1] = entries[at][2]
      reply[#reply + 1] = leasedText
      leased[#leased + 1] = keys[at]
      leased[#leased + 1] = leasedText
      if #leased == 2 * limit then return entries[at][1] end
    end
  end
  return entries[#entries][1]
end

local looked, entries, isMore = 0, {}, true
while isMore and looked < LOOK and #leased < 2 * limit do
  entries, isMore = entriesAfter(tonumber(last))
  if #entries == 0 then break end
  last = whole(take(entries))
  looked = looked + #wallets + #entries
end
callWithAll('MSET', nil, leased)
if isMore or #leased == 2 * limit then reply[2] = last end
return reply
