// Made of batch.lua by scripts/embed.mjs.
export const batchScript: string = `local LIMB = 14
local LIMB_BASE = 1e14
local function addDigits(a, b)
  local limbs, carry = {}, 0
  local aEnd, bEnd = #a, #b
  while aEnd > 0 or bEnd > 0 or carry > 0 do
    local sum = carry
    if aEnd > 0 then sum = sum + tonumber(a:sub(math.max(aEnd - LIMB + 1, 1), aEnd)) end
    if bEnd > 0 then sum = sum + tonumber(b:sub(math.max(bEnd - LIMB + 1, 1), bEnd)) end
    carry = sum >= LIMB_BASE and 1 or 0
    table.insert(limbs, 1, string.format('%014.0f', sum - carry * LIMB_BASE))
    aEnd, bEnd = aEnd - LIMB, bEnd - LIMB
  end
  local text = table.concat(limbs):gsub('^0+', '')
  return text == '' and '0' or text
end
local function subtractDigits(a, b)
  local limbs, borrow = {}, 0
  local aEnd, bEnd = #a, #b
  while aEnd > 0 do
    local rest = tonumber(a:sub(math.max(aEnd - LIMB + 1, 1), aEnd)) - borrow
    if bEnd > 0 then rest = rest - tonumber(b:sub(math.max(bEnd - LIMB + 1, 1), bEnd)) end
    borrow = rest < 0 and 1 or 0
    table.insert(limbs, 1, string.format('%014.0f', rest + borrow * LIMB_BASE))
    aEnd, bEnd = aEnd - LIMB, bEnd - LIMB
  end
  local text = table.concat(limbs):gsub('^0+', '')
  return text == '' and '0' or text
end
local function isNegative(a)
  return a:byte(1) == 45
end
local function negated(a)
  if a == '0' then return a end
  return isNegative(a) and a:sub(2) or '-' .. a
end
local function atMost(a, b)
  if #a <= 15 and #b <= 15 then return tonumber(a) <= tonumber(b) end
  if isNegative(a) ~= isNegative(b) then return isNegative(a) end
  if isNegative(a) then a, b = b:sub(2), a:sub(2) end
  if #a ~= #b then return #a < #b end
  return a <= b
end
local function add(a, b)
  if #a <= 15 and #b <= 15 then return string.format('%d', tonumber(a) + tonumber(b)) end
  if isNegative(a) and isNegative(b) then return '-' .. addDigits(a:sub(2), b:sub(2)) end
  if isNegative(a) then a, b = b, a end
  if not isNegative(b) then return addDigits(a, b) end
  local debt = b:sub(2)
  return atMost(debt, a) and subtractDigits(a, debt) or '-' .. subtractDigits(debt, a)
end
local SMALL = 1e14
local function small(a)
  return #a <= 14 and tonumber(a) or nil
end
local STATE, AMOUNT, CAPTURED, CREATED_AT, DUE_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
local SEQUENCE, LEASE_OWNER, LEASE_UNTIL, WALLET, HELD_BEFORE, ABANDONED, ATTEMPT, METADATA = 8, 9, 10, 11, 12, 13, 14, 15
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(14) .. '(.*)$'
local function readRow(text)
  return { text:match(ROW_PATTERN) }
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function whole(number)
  return string.format('%d', number)
end
local function serverTime()
  local time = redis.call('TIME')
  local seconds, micros = tonumber(time[1]), tonumber(time[2])
  return seconds * 1000 + math.floor(micros / 1000), seconds * 1000000 + micros
end
local function callWithAll(command, key, values)
  for from = 1, #values, 4000 do
    local to = math.min(from + 3999, #values)
    if key then redis.call(command, key, unpack(values, from, to)) else redis.call(command, unpack(values, from, to)) end
  end
end
local function readTexts(keys, first)
  local texts = {}
  for from = first, #keys, 4000 do
    for index, text in ipairs(redis.call('MGET', unpack(keys, from, math.min(from + 3999, #keys)))) do
      texts[from - first + index] = text
    end
  end
  return texts
end
local SWEEP = 1000
local FIRST = 6
local base = KEYS[1]:sub(1, -6)
local holdBase = base .. 'hold:'
local now, nowMicros = serverTime()
local nowText = whole(now)
local store = redis.call('HMGET', KEYS[1], 'epoch', 'bornAt', 'version', 'sequence', 'runId')
local epoch, bornAt = store[1], tonumber(store[2] or nowText)
local version, seen = tonumber(store[3] or '0'), tonumber(ARGV[3])
local sequence = tonumber(store[4] or '0')
local info = redis.pcall('INFO', 'server')
local lastRunId = store[5] or ''
local runId = type(info) == 'string' and info:match('run_id:(%x+)') or ''
local isOther = ARGV[2] == '1'
if runId ~= '' then isOther = lastRunId ~= '' and runId ~= lastRunId end
if not epoch or isOther or version < seen then
  epoch, bornAt = ARGV[1], now
  version = math.max(version, nowMicros)
end
version = math.max(version, seen) + 1
if bornAt > now then bornAt = now end
local recoveringForMs = math.max(0, bornAt + tonumber(ARGV[4]) - now)
local texts = readTexts(KEYS, 2)
local rows = {}
local changedRows = {}
local newTexts = {}
local added = { open = {}, closed = {}, due = {} }
local removed = { open = {}, closed = {}, due = {} }
local finished = {}
local wallets = {}
local function setTotals(wallet, active, captured)
  wallet.active, wallet.captured = active, captured
  wallet.smallActive, wallet.smallCaptured = small(active), small(captured)
  wallet.isTold = false
end
local function activeOf(wallet)
  if not wallet.active then wallet.active = whole(wallet.smallActive) end
  return wallet.active
end
local function totalsOf(wallet)
  return activeOf(wallet) .. '\\n' .. wallet.captured
end
local function walletOf(name)
  local wallet = wallets[name]
  if not wallet then
    local known = redis.call('HMGET', base .. 'wallet:' .. name, 'active', 'captured', 'frozenAt', 'frozenFor')
    wallet = { frozen = known[3] and known[3] .. '\\n' .. known[4] }
    setTotals(wallet, known[1] or '0', known[2] or '0')
    wallets[name] = wallet
  end
  return wallet
end
local function changeTotals(name, active, captured)
  local wallet = walletOf(name)
  setTotals(wallet, add(activeOf(wallet), active), add(wallet.captured, captured))
  wallet.isChanged = true
end
local function addTo(index, score, member)
  local values = added[index]
  values[#values + 1] = score
  values[#values + 1] = member
  removed[index][member] = nil
end
local function setRow(reference, row)
  rows[reference] = row
  changedRows[reference] = row
end
local function nextSequence()
  sequence = sequence + 1
  return whole(sequence)
end
local function open(reference, row)
  row[SEQUENCE] = nextSequence()
  removed.closed[reference] = true
  addTo('open', row[SEQUENCE], reference)
  if row[STATE] == 'reserved' then addTo('due', row[DUE_AT], 'e' .. reference) end
  changeTotals(row[WALLET], row[AMOUNT], '0')
  setRow(reference, row)
end
local function leaveReserved(reference, row)
  if row[STATE] == 'reserved' then removed.due['e' .. reference] = true end
  row[DUE_AT] = ''
end
local function finish(reference, row, state)
  leaveReserved(reference, row)
  row[STATE], row[ENDED_AT], row[LEASE_OWNER], row[LEASE_UNTIL] = state, nowText, '', ''
  removed.open[reference] = true
  addTo('closed', row[SEQUENCE], reference)
  finished[#finished + 1] = reference .. '\\n' .. row[SEQUENCE]
  setRow(reference, row)
end
local function release(reference, row)
  changeTotals(row[WALLET], negated(row[AMOUNT]), '0')
  finish(reference, row, 'released')
end
local function showLater(row, visibleAt)
  changeTotals(row[WALLET], row[CAPTURED], '0')
  row[DUE_AT] = visibleAt
  addTo('due', visibleAt, 'v' .. row[SEQUENCE] .. '\\n' .. row[WALLET] .. '\\n' .. row[CAPTURED])
end
local function capture(reference, row, actual, visibleInMs)
  row[CAPTURED] = actual == '' and row[AMOUNT] or actual
  changeTotals(row[WALLET], negated(row[AMOUNT]), visibleInMs == '0' and row[CAPTURED] or '0')
  finish(reference, row, 'captured')
  if visibleInMs ~= '0' then showLater(row, whole(now + tonumber(visibleInMs))) end
end
local function isOpen(row)
  return row[STATE] == 'reserved' or row[STATE] == 'sent'
end
local function sweep()
  local due, keys, references = redis.call('ZRANGEBYSCORE', base .. 'due', '-inf', nowText, 'LIMIT', 0, SWEEP), {}, {}
  for _, member in ipairs(due) do
    removed.due[member] = true
    if member:byte(1) == 118 then
      local name, amount = member:match('^v%d+\\n([^\\n]*)\\n(%d+)$')
      changeTotals(name, negated(amount), amount)
    else
      references[#references + 1] = member:sub(2)
      keys[#keys + 1] = holdBase .. member:sub(2)
    end
  end
  for at, text in ipairs(readTexts(keys, 1)) do
    local row = text and readRow(text)
    if row and row[STATE] == 'reserved' and tonumber(row[DUE_AT]) <= now then release(references[at], row) end
  end
end
local function rowOf(reference, text)
  local row = rows[reference]
  if not row then
    if not text then return nil end
    row = readRow(text)
    rows[reference] = row
    if row[STATE] == 'reserved' and tonumber(row[DUE_AT]) <= now then release(reference, row) end
  elseif type(row) == 'string' then
    row = readRow(row)
    rows[reference] = row
  end
  return row
end
local function freeze(operation)
  local name, since, reason = operation:match('^f\\n([^\\n]*)\\n(%d*)\\n(.*)$')
  local wallet, key = walletOf(name), base .. 'wallet:' .. name
  if reason == '' then
    wallet.frozen = nil
    redis.call('HDEL', key, 'frozenAt', 'frozenFor')
  else
    local at = wallet.frozen and wallet.frozen:match('^%d+') or since ~= '' and since or nowText
    wallet.frozen = at .. '\\n' .. reason
    redis.call('HSET', key, 'frozenAt', at, 'frozenFor', reason)
  end
  return ''
end
local basis = {}
local function setBasis(operation)
  local name, limitEpoch, limit = operation:match('^w\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
  basis = { name = name, wallet = walletOf(name), isVoid = limitEpoch ~= epoch, limit = limit, smallLimit = small(limit) }
  basis.wallet.isTold = false
  basis.afterAmount = '\\n\\n' .. nowText .. '\\n'
  basis.afterSequence = '\\n\\n\\n' .. name .. '\\n\\n\\n'
end
local function activeWith(wallet, amount)
  local smallAmount, smallActive = small(amount), wallet.smallActive
  if smallAmount and smallActive and wallet.smallCaptured and basis.smallLimit then
    local sum = smallActive + smallAmount
    if sum + wallet.smallCaptured > basis.smallLimit then return nil, nil end
    if sum < SMALL then return sum, nil end
    return nil, whole(sum)
  end
  local active = add(activeOf(wallet), amount)
  if not atMost(add(active, wallet.captured), basis.limit) then return nil, nil end
  return nil, active
end
local operations = {}
operations[104] = function(operation, reference, text, key)
  local amount, expiresIn, rest = operation:match('^h\\n(%d+)\\n(%d*)\\n(.*)$')
  local wallet = basis.wallet
  local row = (text or rows[reference]) and rowOf(reference, text)
  local attempt, metadata
  if row then
    attempt, metadata = rest:match('^([^\\n]*)\\n(.*)$')
    if row[ATTEMPT] == attempt and isOpen(row) then return 'mine\\n' .. totalsOf(wallet) .. '\\n' .. writeRow(row) end
    local isFree = row[STATE] == 'released' and row[WALLET] == basis.name and row[AMOUNT] == amount
    local isOver = row[ATTEMPT] == attempt or row[ABANDONED]:find(attempt, 1, true)
    if not isFree or isOver then return 'exists\\n' .. writeRow(row) end
  end
  if wallet.frozen then return 'frozen\\n' .. wallet.frozen end
  if basis.isVoid then return 'void\\n' .. totalsOf(wallet) end
  if recoveringForMs > 0 then return 'recovering' end
  local smallActive, active = activeWith(wallet, amount)
  if not smallActive and not active then return 'insufficient\\n' .. totalsOf(wallet) end
  local told = wallet.isTold and not row and '+' or 'held\\n' .. totalsOf(wallet)
  local state, dueAt, sentAt = 'sent', '', nowText
  if expiresIn ~= '' then state, dueAt, sentAt = 'reserved', whole(now + tonumber(expiresIn)), '' end
  if row then
    local abandoned = (row[ABANDONED] .. row[ATTEMPT] .. ' '):sub(-1000)
    open(reference, {
      state, amount, '', nowText, dueAt, sentAt, '', '', '', '', basis.name, '1', abandoned, attempt, metadata,
    })
    return told .. '\\n1'
  end
  local at = nextSequence()
  local new = state .. '\\n' .. amount .. basis.afterAmount .. dueAt .. '\\n' .. sentAt .. '\\n\\n' .. at .. basis.afterSequence
    .. rest
  rows[reference] = new
  newTexts[#newTexts + 1] = key
  newTexts[#newTexts + 1] = new
  local openMembers = added.open
  openMembers[#openMembers + 1] = at
  openMembers[#openMembers + 1] = reference
  if dueAt ~= '' then addTo('due', dueAt, 'e' .. reference) end
  if smallActive then
    wallet.active, wallet.smallActive = nil, smallActive
  else
    setTotals(wallet, active, wallet.captured)
  end
  wallet.isChanged, wallet.isTold = true, true
  return told
end
operations[103] = function(_, reference, text)
  local row = rowOf(reference, text)
  return row and writeRow(row) or ''
end
operations[115] = function(operation, reference, text)
  local to, actual, visibleInMs, attempt = operation:match('^s\\n(%l+)\\n(%d*)\\n(%d*)\\n(.*)$')
  local row = rowOf(reference, text)
  if not row then return 'unknown' end
  if attempt ~= '' and attempt ~= row[ATTEMPT] then return 'illegal\\n' .. writeRow(row) end
  if row[STATE] == to and to ~= 'sent' then return 'already\\n' .. writeRow(row) end
  if not isOpen(row) or row[STATE] == to then return 'illegal\\n' .. writeRow(row) end
  if to == 'released' then
    release(reference, row)
  elseif to == 'captured' then
    capture(reference, row, actual, visibleInMs)
  else
    leaveReserved(reference, row)
    row[STATE], row[SENT_AT] = 'sent', nowText
    setRow(reference, row)
  end
  return 'done\\n' .. writeRow(row)
end
operations[97] = function(operation, reference, text)
  local name, amount, attempt, metadata = operation:match('^a\\n([^\\n]*)\\n(%d+)\\n([^\\n]*)\\n(.*)$')
  local row = rowOf(reference, text)
  if not row then
    row = {
      'released', amount, '', nowText, '', '', '', nextSequence(), '', '', name, '', attempt .. ' ', attempt, metadata,
    }
    finish(reference, row, 'released')
  elseif row[ATTEMPT] ~= attempt then
    if not row[ABANDONED]:find(attempt, 1, true) then row[ABANDONED] = row[ABANDONED] .. attempt .. ' ' end
    setRow(reference, row)
  elseif isOpen(row) then
    release(reference, row)
  end
  return ''
end
local function isStone(row)
  return row[ABANDONED]:find(row[ATTEMPT], 1, true) ~= nil
end
local function isBehind(row, own)
  if row[WALLET] ~= own[WALLET] or row[STATE] == 'captured' then return false end
  if row[ATTEMPT] == own[ATTEMPT] then
    return own[STATE] == 'captured' or own[STATE] == 'sent' and row[SENT_AT] == ''
  end
  if row[ABANDONED]:find(own[ATTEMPT], 1, true) then return false end
  return isStone(row) or tonumber(row[CREATED_AT]) <= tonumber(own[CREATED_AT])
end
local RESTORE = '^r' .. ('\\n([^\\n]*)'):rep(11) .. '$'
operations[114] = function(operation, reference, text)
  local name, amount, state, captured, createdAt, dueAt, sentAt, endedAt, attempt, heldBefore, metadata =
    operation:match(RESTORE)
  local own = { state, amount, captured, createdAt, dueAt, sentAt, endedAt, '', '', '', name, heldBefore, '', attempt, metadata }
  local row = rowOf(reference, text)
  if row then
    if not isBehind(row, own) then return '' end
    if isOpen(row) then release(reference, row) end
    own[ABANDONED] = row[ABANDONED]
  end
  if state == 'captured' then
    own[SEQUENCE] = nextSequence()
    finish(reference, own, 'captured')
    own[ENDED_AT] = endedAt
    showLater(own, dueAt)
  else
    open(reference, own)
  end
  return ''
end
local function writeIndex(name)
  callWithAll('ZADD', base .. name, added[name])
  local members = {}
  for member in pairs(removed[name]) do members[#members + 1] = member end
  callWithAll('ZREM', base .. name, members)
end
local function forget()
  if #finished == 0 then return end
  local excess = redis.call('LLEN', base .. 'finished') - tonumber(ARGV[5])
  local count = math.min(excess, 2 * #finished + 10)
  if count <= 0 then return end
  local keys, sequences = {}, {}
  for index, entry in ipairs(redis.call('LRANGE', base .. 'finished', 0, count - 1)) do
    local reference, endedSequence = entry:match('^([^\\n]*)\\n(%d+)$')
    keys[index], sequences[index] = holdBase .. reference, endedSequence
  end
  redis.call('LTRIM', base .. 'finished', count, -1)
  local forgotten, members = {}, {}
  for index, text in ipairs(readTexts(keys, 1)) do
    if text and readRow(text)[SEQUENCE] == sequences[index] then
      forgotten[#forgotten + 1] = keys[index]
      members[#members + 1] = keys[index]:sub(#holdBase + 1)
    end
  end
  callWithAll('UNLINK', nil, forgotten)
  callWithAll('ZREM', base .. 'closed', members)
end
local function write()
  callWithAll('MSET', nil, newTexts)
  local changed = {}
  for reference, row in pairs(changedRows) do
    changed[#changed + 1] = holdBase .. reference
    changed[#changed + 1] = writeRow(row)
  end
  callWithAll('MSET', nil, changed)
  for name, wallet in pairs(wallets) do
    if wallet.isChanged then
      redis.call('HSET', base .. 'wallet:' .. name, 'active', activeOf(wallet), 'captured', wallet.captured)
    end
  end
  writeIndex('open')
  writeIndex('closed')
  writeIndex('due')
  callWithAll('RPUSH', base .. 'finished', finished)
  redis.call(
    'HSET', KEYS[1], 'epoch', epoch, 'bornAt', whole(bornAt), 'version', whole(version), 'sequence', whole(sequence),
    'runId', runId
  )
  forget()
end
sweep()
local reply = { epoch, whole(version), nowText, whole(recoveringForMs) }
local keyAt, afterBase, byte, sub = 1, #holdBase + 1, string.byte, string.sub
local BASIS, TOTALS, FREEZE = byte('w'), byte('t'), byte('f')
for at = FIRST, #ARGV do
  local operation = ARGV[at]
  local letter = byte(operation)
  if letter == BASIS then
    setBasis(operation)
  elseif letter == TOTALS then
    local wallet = walletOf(operation:sub(3))
    reply[#reply + 1] = wallet.frozen and totalsOf(wallet) .. '\\n' .. wallet.frozen or totalsOf(wallet)
  elseif letter == FREEZE then
    reply[#reply + 1] = freeze(operation)
  else
    keyAt = keyAt + 1
    local key = KEYS[keyAt]
    reply[#reply + 1] = operations[letter](operation, sub(key, afterBase), texts[keyAt - 1], key)
  end
end
write()
return reply`;
