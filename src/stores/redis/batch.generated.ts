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
  if #a <= 15 and #b <= 15 then return string.format('%.0f', tonumber(a) + tonumber(b)) end
  if isNegative(a) and isNegative(b) then return '-' .. addDigits(a:sub(2), b:sub(2)) end
  if isNegative(a) then a, b = b, a end
  if not isNegative(b) then return addDigits(a, b) end
  local debt = b:sub(2)
  return atMost(debt, a) and subtractDigits(a, debt) or '-' .. subtractDigits(debt, a)
end
local function subtract(a, b)
  return add(a, negated(b))
end
local function sumAtMost(a, b, c, limit)
  if #a <= 14 and #b <= 14 and #c <= 14 and #limit <= 15 then
    return tonumber(a) + tonumber(b) + tonumber(c) <= tonumber(limit)
  end
  return atMost(add(add(a, b), c), limit)
end
local STATE, AMOUNT, CAPTURED, CREATED_AT, EXPIRES_AT, SENT_AT, ENDED_AT = 1, 2, 3, 4, 5, 6, 7
local SEQUENCE, ATTEMPT, LEASE_OWNER, LEASE_UNTIL, WALLET, HELD_BEFORE, ABANDONED, METADATA = 8, 9, 10, 11, 12, 13, 14, 15
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(14) .. '(.*)$'
local function readRow(text)
  return text and { text:match(ROW_PATTERN) } or nil
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function whole(number)
  return string.format('%.0f', number)
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
local function readRows(base, references)
  local rows = {}
  for from = 1, #references, 4000 do
    local keys = {}
    for index = from, math.min(from + 3999, #references) do keys[#keys + 1] = base .. 'hold:' .. references[index] end
    for index, text in ipairs(redis.call('MGET', unpack(keys))) do
      rows[references[from + index - 1]] = readRow(text)
    end
  end
  return rows
end
local function indexed(key, after, count)
  local pairs = redis.call('ZRANGEBYSCORE', key, '(' .. after, '+inf', 'WITHSCORES', 'LIMIT', 0, count)
  local references, scores = {}, {}
  for at = 1, #pairs, 2 do
    references[#references + 1] = pairs[at]
    scores[#scores + 1] = pairs[at + 1]
  end
  return references, scores
end
local SWEEP = 1000
local FIRST = 6
local PATTERNS = {}
for letter, fields in pairs({ t = 1, h = 9, s = 5, g = 1, a = 5, r = 10 }) do
  PATTERNS[letter] = '^' .. letter .. ('\\n([^\\n]*)'):rep(fields) .. '$'
end
local base = KEYS[1]:sub(1, -6)
local now, nowMicros = serverTime()
local nowText = whole(now)
local store = redis.call('HMGET', KEYS[1], 'epoch', 'bornAt', 'version', 'sequence', 'runId')
local epoch, bornAt = store[1], tonumber(store[2] or nowText)
local version, seen = tonumber(store[3] or '0'), tonumber(ARGV[3])
local sequence = tonumber(store[4] or '0')
local info = redis.pcall('INFO', 'server')
local lastRunId = store[5] or ''
local runId = type(info) == 'string' and info:match('run_id:(%x+)') or lastRunId
local isOther = lastRunId ~= '' and runId ~= lastRunId
if not epoch or ARGV[2] == '1' or isOther or version < seen then
  epoch, bornAt = ARGV[1], now
  version = math.max(version, nowMicros)
end
version = math.max(version, seen) + 1
if bornAt > now then bornAt = now end
local recoveringForMs = math.max(0, bornAt + tonumber(ARGV[4]) - now)
local due = redis.call('ZRANGEBYSCORE', base .. 'due', '-inf', nowText, 'LIMIT', 0, SWEEP)
local batch = {}
for at = FIRST, #ARGV do
  local letter = ARGV[at]:sub(1, 1)
  local operation = { ARGV[at]:match(PATTERNS[letter]) }
  operation.letter = letter
  batch[#batch + 1] = operation
end
local function referencesOfBatch()
  local references = {}
  for _, member in ipairs(due) do
    if member:byte(1) == 101 then references[#references + 1] = member:sub(2) end
  end
  for _, operation in ipairs(batch) do
    if operation.letter ~= 't' then references[#references + 1] = operation[1] end
  end
  return references
end
local rows = readRows(base, referencesOfBatch())
local changedRows = {}
local added = { holds = {}, open = {}, due = {} }
local removed = { open = {}, due = {} }
local finished = {}
local wallets = {}
local function walletOf(name)
  local wallet = wallets[name]
  if not wallet then
    local totals = redis.call('HMGET', base .. 'wallet:' .. name, 'active', 'captured')
    wallet = { active = totals[1] or '0', captured = totals[2] or '0' }
    wallets[name] = wallet
  end
  return wallet
end
local function setActive(wallet, active)
  wallet.active = active
  wallet.isChanged = true
end
local function addTo(index, score, member)
  local values = added[index]
  values[#values + 1] = score
  values[#values + 1] = member
  if removed[index] then removed[index][member] = nil end
end
local function setRow(reference, row)
  rows[reference] = row
  changedRows[reference] = row
end
local function insert(reference, row)
  sequence = sequence + 1
  row[SEQUENCE] = whole(sequence)
  addTo('holds', row[SEQUENCE], reference)
  setRow(reference, row)
end
local function open(reference, row)
  insert(reference, row)
  local wallet = walletOf(row[WALLET])
  setActive(wallet, add(wallet.active, row[AMOUNT]))
  addTo('open', row[SEQUENCE], reference)
  if row[STATE] == 'reserved' then addTo('due', row[EXPIRES_AT], 'e' .. reference) end
end
local function leaveReserved(reference, row)
  if row[STATE] == 'reserved' then removed.due['e' .. reference] = true end
  row[EXPIRES_AT] = ''
end
local function finish(reference, row, state)
  leaveReserved(reference, row)
  row[STATE], row[ENDED_AT], row[LEASE_OWNER], row[LEASE_UNTIL] = state, nowText, '', ''
  removed.open[reference] = true
  finished[#finished + 1] = reference .. '\\n' .. row[SEQUENCE]
  setRow(reference, row)
end
local function release(reference, row)
  local wallet = walletOf(row[WALLET])
  setActive(wallet, subtract(wallet.active, row[AMOUNT]))
  finish(reference, row, 'released')
end
local function capture(reference, row, actual, visibleInMs)
  local wallet = walletOf(row[WALLET])
  setActive(wallet, subtract(wallet.active, row[AMOUNT]))
  row[CAPTURED] = actual == '' and row[AMOUNT] or actual
  if visibleInMs == '0' then
    wallet.captured = add(wallet.captured, row[CAPTURED])
  else
    setActive(wallet, add(wallet.active, row[CAPTURED]))
    local member = 'v' .. row[SEQUENCE] .. '\\n' .. row[WALLET] .. '\\n' .. row[CAPTURED]
    addTo('due', whole(now + tonumber(visibleInMs)), member)
  end
  finish(reference, row, 'captured')
end
local function isExpired(row)
  return row[STATE] == 'reserved' and tonumber(row[EXPIRES_AT]) <= now
end
local function sweep()
  for _, member in ipairs(due) do
    removed.due[member] = true
    if member:byte(1) == 118 then
      local name, amount = member:match('^v%d+\\n([^\\n]*)\\n(%d+)$')
      local wallet = walletOf(name)
      setActive(wallet, subtract(wallet.active, amount))
      wallet.captured = add(wallet.captured, amount)
    else
      local reference = member:sub(2)
      local row = rows[reference]
      if row and isExpired(row) then release(reference, row) end
    end
  end
  if #due == SWEEP then
    for reference, row in pairs(rows) do
      if isExpired(row) then release(reference, row) end
    end
  end
end
local operations = {}
function operations.t(walletKey)
  local wallet = walletOf(walletKey)
  return wallet.active .. '\\n' .. wallet.captured
end
function operations.h(reference, walletKey, amount, state, expiresInMs, limitEpoch, limit, attempt, metadata)
  local row = rows[reference]
  if row then
    if row[ATTEMPT] == attempt and (row[STATE] == 'reserved' or row[STATE] == 'sent') then
      return 'mine\\n' .. operations.t(walletKey) .. '\\n' .. writeRow(row)
    end
    local isFree = row[STATE] == 'released' and row[WALLET] == walletKey and row[AMOUNT] == amount
    local isOver = row[ATTEMPT] == attempt or row[ABANDONED]:find(attempt, 1, true)
    if not isFree or isOver then return 'exists\\n' .. writeRow(row) end
  end
  local wallet = walletOf(walletKey)
  local totals = wallet.active .. '\\n' .. wallet.captured
  if limitEpoch ~= epoch then return 'void\\n' .. totals end
  if recoveringForMs > 0 then return 'recovering' end
  if not sumAtMost(wallet.active, wallet.captured, amount, limit) then return 'insufficient\\n' .. totals end
  local expiresAt, sentAt = '', nowText
  if state == 'reserved' then expiresAt, sentAt = whole(now + tonumber(expiresInMs)), '' end
  local heldBefore, abandoned = '', ''
  if row then heldBefore, abandoned = '1', (row[ABANDONED] .. row[ATTEMPT] .. ' '):sub(-1000) end
  open(
    reference,
    { state, amount, '', nowText, expiresAt, sentAt, '', '', attempt, '', '', walletKey, heldBefore, abandoned, metadata }
  )
  return 'held\\n' .. totals .. '\\n' .. heldBefore
end
function operations.s(reference, to, actual, visibleInMs, attempt)
  local row = rows[reference]
  if not row then return 'unknown' end
  if attempt ~= '' and attempt ~= row[ATTEMPT] then return 'illegal\\n' .. writeRow(row) end
  local from = row[STATE]
  if from == to and to ~= 'sent' then return 'already\\n' .. writeRow(row) end
  if from ~= 'reserved' and from ~= 'sent' or from == to then return 'illegal\\n' .. writeRow(row) end
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
function operations.g(reference)
  local row = rows[reference]
  return row and writeRow(row) or ''
end
function operations.a(reference, walletKey, amount, attempt, metadata)
  local row = rows[reference]
  if not row then
    row = { 'released', amount, '', nowText, '', '', '', '', attempt, '', '', walletKey, '', '', metadata }
    insert(reference, row)
    finish(reference, row, 'released')
  elseif row[ATTEMPT] ~= attempt then
    if not row[ABANDONED]:find(attempt, 1, true) then row[ABANDONED] = row[ABANDONED] .. attempt .. ' ' end
    setRow(reference, row)
  elseif row[STATE] == 'reserved' or row[STATE] == 'sent' then
    release(reference, row)
  end
  return ''
end
function operations.r(reference, walletKey, amount, state, createdAt, expiresAt, sentAt, attempt, heldBefore, metadata)
  if rows[reference] then return '' end
  open(
    reference,
    { state, amount, '', createdAt, expiresAt, sentAt, '', '', attempt, '', '', walletKey, heldBefore, '', metadata }
  )
  return ''
end
local function writeIndex(name)
  callWithAll('ZADD', base .. name, added[name])
  local members = {}
  for member in pairs(removed[name] or {}) do members[#members + 1] = member end
  callWithAll('ZREM', base .. name, members)
end
local function forget()
  if #finished == 0 then return end
  local excess = redis.call('LLEN', base .. 'finished') - tonumber(ARGV[5])
  local count = math.min(excess, 2 * #finished + 10)
  if count <= 0 then return end
  local entries, references = redis.call('LRANGE', base .. 'finished', 0, count - 1), {}
  redis.call('LTRIM', base .. 'finished', count, -1)
  local sequences = {}
  for index, entry in ipairs(entries) do
    references[index], sequences[index] = entry:match('^([^\\n]*)\\n(%d+)$')
  end
  local old, keys, members = readRows(base, references), {}, {}
  for index, reference in ipairs(references) do
    local row = old[reference]
    if row and row[SEQUENCE] == sequences[index] then
      keys[#keys + 1] = base .. 'hold:' .. reference
      members[#members + 1] = reference
    end
  end
  callWithAll('UNLINK', nil, keys)
  callWithAll('ZREM', base .. 'holds', members)
end
local function write()
  local texts = {}
  for reference, row in pairs(changedRows) do
    texts[#texts + 1] = base .. 'hold:' .. reference
    texts[#texts + 1] = writeRow(row)
  end
  callWithAll('MSET', nil, texts)
  for name, wallet in pairs(wallets) do
    if wallet.isChanged then
      redis.call('HSET', base .. 'wallet:' .. name, 'active', wallet.active, 'captured', wallet.captured)
    end
  end
  writeIndex('holds')
  writeIndex('open')
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
for _, operation in ipairs(batch) do
  reply[#reply + 1] = operations[operation.letter](unpack(operation))
end
write()
return reply`;
