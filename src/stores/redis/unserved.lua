-- Finds wallets with undecided holds that no owner has had for some time, in the order of their names.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  for how long, in ms: since the lease ended, or since the payout was sent if it was never claimed
-- ARGV[2]  how many at most
-- ARGV[3]  where to continue; '-' at the beginning
-- ARGV[4+] wallets that are left out
--
-- Returns  { now (ms), where to continue, or '' at the end; then the wallets }. There may be fewer wallets than asked
--          for, or none, and yet more to come: one call reads a bounded number of holds.
--
-- Atomic, so that the index and the holds are of one instant. Writes nothing but what sift() and storeTime() do.

-- @include sift.lua

local base = KEYS[1]:sub(1, -6)
local most, from = tonumber(ARGV[2]), ARGV[3]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local since = now - tonumber(ARGV[1])
local isLeftOut = {}
for at = 4, #ARGV do isLeftOut[ARGV[at]] = true end

local reply = { whole(now), from }
if not sift(base, now, tonumber(ARGV[1])) then return reply end

local function isUnserved(row)
  return isUndecided(row) and sentAt(row) <= since and (tonumber(row[LEASE_UNTIL]) or 0) <= since
end

-- The holds of the first wallet among these members: its name, and the keys of its holds.
local function firstWallet(members)
  local name, keys = members[1]:match('^[^\n]*'), {}
  for at, member in ipairs(members) do
    local wallet, reference = member:match('^([^\n]*)\n%d+\n(.*)$')
    if wallet ~= name then break end
    keys[at] = base .. 'hold:' .. reference
  end
  return name, keys
end

local function isAnyUnserved(keys)
  for _, text in ipairs(readTexts(keys, 1)) do
    if text and isUnserved(readRow(text)) then return true end
  end
  return false
end

local looked = 0
while looked < LOOK and #reply < 2 + most do
  local members = redis.call('ZRANGEBYLEX', base .. 'undecided', from, '+', 'LIMIT', 0, 10)
  if #members == 0 then
    from = ''
    break
  end
  local name, keys = firstWallet(members)
  local isFound = not isLeftOut[name] and isAnyUnserved(keys)
  if isFound then reply[#reply + 1] = name end
  -- To the next wallet, unless more of this one is left to read. A colon comes after all digits.
  local isOver = isFound or isLeftOut[name] or #keys < #members
  from = isOver and '[' .. name .. '\n:' or '(' .. members[#keys]
  looked = looked + #keys
end
reply[2] = from
return reply
