-- One portion of the holds of a store, oldest first. Writes nothing but what storeTime() does.
--
-- KEYS[1]  '{prefix}:store', see batch.lua
-- ARGV[1]  only this state, or ''
-- ARGV[2]  created at least this many ms ago, or ''
-- ARGV[3]  how many at most
-- ARGV[4]  the sequence to continue after; 0 at the beginning
-- ARGV[5]  'all' wallets, or 'some'
-- ARGV[6+] these
--
-- Returns  { now (ms), the sequence to continue after, or '' at the end; then reference, row for each hold }. There may
--          be fewer holds than asked for, or none, and yet more to come: one call reads a bounded number.
--
-- Atomic, so that the indexes and the holds are of one instant.

-- @include row.lua

local base = KEYS[1]:sub(1, -6)
local state, limit, last = ARGV[1], tonumber(ARGV[3]), ARGV[4]
local now, refusal = readStoreTime(KEYS[1])
if refusal then return refusal end
local bornAt = tonumber(redis.call('HGET', KEYS[1], 'bornAt') or '0')
local createdBy = ARGV[2] == '' and math.huge or now - tonumber(ARGV[2])
local isOfAll, isWanted = ARGV[5] == 'all', {}
for at = 6, #ARGV do isWanted[ARGV[at]] = true end

-- A reservation that is over is released, though it may not be swept yet.
local indexes = { 'open', 'closed' }
if state == 'reserved' or state == 'sent' then indexes = { 'open' } end
if state == 'captured' then indexes = { 'closed' } end

-- Entries of the indexes after a sequence: { reference, sequence }, in order.
local function entriesAfter(after, count)
  local entries = {}
  for _, index in ipairs(indexes) do
    local pairs = redis.call('ZRANGEBYSCORE', base .. index, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
    for at = 1, #pairs, 2 do entries[#entries + 1] = { pairs[at], pairs[at + 1] } end
  end
  if #indexes > 1 then
    table.sort(entries, function(a, b) return tonumber(a[2]) < tonumber(b[2]) end)
  end
  return entries
end

local reply = { whole(now), '' }

-- Adds a hold to the reply, if it is wanted.
local function visit(reference, row)
  if row[STATE] == 'reserved' and (tonumber(row[DUE_AT]) <= now or tonumber(row[CREATED_AT]) < bornAt) then
    row[STATE], row[ENDED_AT], row[DUE_AT] = 'released', whole(math.min(tonumber(row[DUE_AT]), now)), ''
  end
  if not isOfAll and not isWanted[row[WALLET]] then return end
  if state ~= '' and row[STATE] ~= state or tonumber(row[CREATED_AT]) > createdBy then return end
  reply[#reply + 1] = reference
  reply[#reply + 1] = writeRow(row)
end

-- The sequence to continue after, or '' at the end.
local function collect()
  local looked = 0
  while looked < LOOK do
    local count = math.min(math.max(limit, 100), LOOK - looked)
    local entries, keys = entriesAfter(last, count), {}
    for at = 1, math.min(count, #entries) do keys[at] = base .. 'hold:' .. entries[at][1] end
    for at, text in ipairs(readTexts(keys, 1)) do
      last = entries[at][2]
      if text then visit(entries[at][1], readRow(text)) end
      if #reply == 2 + 2 * limit then return last end
    end
    if #entries < count then return '' end
    looked = looked + count
  end
  return last
end

if isOfAll or #ARGV >= 6 then reply[2] = collect() end
return reply
