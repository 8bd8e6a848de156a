-- Portions of the holds of a store in the order of their sequence. A portion of references that are looked at may hold fewer that
-- are wanted, or none, and yet not be the last: so many are looked at in one call, so that nobody else waits for long.

-- @include row.lua

local LOOK = 2000

-- References of these indexes after a sequence: { reference, sequence }, in order.
local function entriesAfter(base, indexes, after, count)
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

-- Calls `visit` with key, reference and row of each until it has said true `limit` times or enough were looked at. Returns the
-- sequence to continue after, or '' at the end.
local function eachAfter(base, indexes, after, limit, visit)
  local last, looked, wanted = after, 0, 0
  while looked < LOOK do
    local count = math.min(math.max(limit, 100), LOOK - looked)
    local entries, keys = entriesAfter(base, indexes, last, count), {}
    for at = 1, math.min(count, #entries) do keys[at] = base .. 'hold:' .. entries[at][1] end
    for at, text in ipairs(readTexts(keys, 1)) do
      last = entries[at][2]
      if text and visit(keys[at], entries[at][1], readRow(text)) then
        wanted = wanted + 1
        if wanted == limit then return last end
      end
    end
    if #entries < count then return '' end
    looked = looked + count
  end
  return last
end
