-- Fills the index `undecided` with payouts that were sent a while ago and have no outcome yet. A hold gets there when a
-- claim comes across it, not when it is sent: most payouts are decided before, and an entry for each would make every
-- hold slower.
--
-- The field `sifted` of the store is the sequence up to which `open` was searched. Every undecided hold up to
-- there is in the index: batch.lua adds those that are sent later, and captures whose outcome is awaited, and removes
-- those that are decided.

-- @include row.lua

-- Searches open holds that were created at least `ageMs` ago. Returns whether all of them have been read.
local function sift(base, now, ageMs)
  local first = tonumber(redis.call('HGET', base .. 'store', 'sifted') or '0')
  local last, looked, isDone, members, changed = first, 0, false, {}, {}
  while not isDone and looked < LOOK do
    -- Usually the first one is too young.
    local count = looked == 0 and 1 or 100
    local after = '(' .. whole(last)
    local entries = redis.call('ZRANGEBYSCORE', base .. 'open', after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
    local keys = {}
    for at = 1, #entries, 2 do keys[#keys + 1] = base .. 'hold:' .. entries[at] end
    isDone = #keys < count
    for at, text in ipairs(readTexts(keys, 1)) do
      local row = text and readRow(text)
      local createdAt = row and tonumber(row[CREATED_AT]) or 0
      -- One from the future was restored from a store whose time was ahead, and must not hide those behind it.
      if createdAt > now - ageMs and createdAt <= now then
        isDone = true
        break
      end
      if row and row[STATE] == 'sent' then
        members[#members + 1] = '0'
        members[#members + 1] = undecidedMember(row, entries[2 * at - 1])
        row[LEASE_UNTIL] = '0'
        changed[#changed + 1] = keys[at]
        changed[#changed + 1] = writeRow(row)
      end
      last = tonumber(entries[2 * at])
    end
    looked = looked + #keys
  end
  callWithAll('ZADD', base .. 'undecided', members)
  callWithAll('MSET', nil, changed)
  if last > first then redis.call('HSET', base .. 'store', 'sifted', whole(last)) end
  return isDone
end

local function isUndecided(row)
  return row[STATE] == 'sent' or row[AWAITS] == '1'
end

local function sentAt(row)
  return tonumber(row[SENT_AT] == '' and row[CREATED_AT] or row[SENT_AT])
end
