-- Runs a batch of operations on the holds of one store, in their order.
--
-- KEYS[1]  '{prefix}:store'. All other keys are derived from it and share its hash tag, so that they live on one node:
--            store          hash: epoch, bornAt (ms), version, sequence, runId
--            hold:<ref>     a hold, see row.lua
--            wallet:<key>   hash: active, captured (minor units)
--            holds          sorted set: every reference by sequence
--            open           sorted set: the references of reserved and sent holds by sequence
--            due            sorted set by time (ms): 'e<ref>' a reservation expires;
--                           'v<sequence>\n<wallet>\n<amount>' a capture becomes visible
--            finished       list: '<ref>\n<sequence>' in the order they ended
-- ARGV[1]  the epoch to begin if one must begin: random text
-- ARGV[2]  '1' when the server did not know this script, so that it may be another server, or one that lost writes; else '0'
-- ARGV[3]  the highest version that the caller has seen
-- ARGV[4]  how long nothing is approved in a new epoch, in ms
-- ARGV[5]  how many finished holds are remembered
-- ARGV[6+] the operations: a letter and its fields, each on a line, '' for none, amounts in minor units, times in ms. One text for
--          each operation, because an argument costs more than a line.
--            t wallet
--            h reference wallet amount state expiresInMs epoch limit attempt metadata
--            s reference to actual visibleInMs attempt
--            g reference
--            a reference wallet amount attempt metadata
--            r reference wallet amount state createdAt expiresAt sentAt attempt heldBefore metadata
--
-- Returns  { epoch, version, now (ms), how long nothing is approved yet (ms), one text for each operation }. The texts, by line:
--            t  active, captured
--            h  'held', active, captured, '1' if the reference was held before: totals of before the hold
--               'insufficient' | 'void', active, captured
--               'mine', active, captured, row: this very attempt was held before; its reply was lost
--               'exists', row
--               'recovering'
--            s  'done' | 'already' | 'illegal', row
--               'unknown'
--            g  row, or ''
--            a, r  ''
--
-- Atomic, because the check of a hold and the hold must be one step whoever else asks, and because a new epoch must begin before
-- anything is answered in it. Nothing is written until every operation is decided: a script that fails half way is not rolled back.

-- @include amount.lua
-- @include row.lua

-- Of what is due, this much is done in one call. What is left over is only counted as held for longer.
local SWEEP = 1000
local FIRST = 6

local PATTERNS = {}
for letter, fields in pairs({ t = 1, h = 9, s = 5, g = 1, a = 5, r = 10 }) do
  PATTERNS[letter] = '^' .. letter .. ('\n([^\n]*)'):rep(fields) .. '$'
end

local base = KEYS[1]:sub(1, -6)
local now, nowMicros = serverTime()
local nowText = whole(now)

---------------------------------------------------------------------------------------------------------------------------------
-- The epoch.

local store = redis.call('HMGET', KEYS[1], 'epoch', 'bornAt', 'version', 'sequence', 'runId')
local epoch, bornAt = store[1], tonumber(store[2] or nowText)
local version, seen = tonumber(store[3] or '0'), tonumber(ARGV[3])
local sequence = tonumber(store[4] or '0')

-- Another process than the one that wrote last: it was restarted, or a replica took over that may know the script from an earlier
-- time. Not asked of a user who may not.
local info = redis.pcall('INFO', 'server')
local lastRunId = store[5] or ''
local runId = type(info) == 'string' and info:match('run_id:(%x+)') or lastRunId
local isOther = lastRunId ~= '' and runId ~= lastRunId

-- Gone; or perhaps without its last writes; or put back to an earlier time.
if not epoch or ARGV[2] == '1' or isOther or version < seen then
  epoch, bornAt = ARGV[1], now
  -- Above what anybody saw in an earlier epoch, or each process in turn would begin another one.
  version = math.max(version, nowMicros)
end
version = math.max(version, seen) + 1
-- The clock was put back: the window begins again, or it would be as long as the clock is wrong.
if bornAt > now then bornAt = now end
local recoveringForMs = math.max(0, bornAt + tonumber(ARGV[4]) - now)

---------------------------------------------------------------------------------------------------------------------------------
-- What is read, and what will be written.

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
-- Scores and members, in turn; a later score of a member counts.
local added = { holds = {}, open = {}, due = {} }
-- Members that are there no more in the end.
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

---------------------------------------------------------------------------------------------------------------------------------
-- Moves of a hold.

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
  finished[#finished + 1] = reference .. '\n' .. row[SEQUENCE]
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
    -- All that is needed is in the member: the hold itself may be forgotten before.
    local member = 'v' .. row[SEQUENCE] .. '\n' .. row[WALLET] .. '\n' .. row[CAPTURED]
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
      local name, amount = member:match('^v%d+\n([^\n]*)\n(%d+)$')
      local wallet = walletOf(name)
      setActive(wallet, subtract(wallet.active, amount))
      wallet.captured = add(wallet.captured, amount)
    else
      local reference = member:sub(2)
      local row = rows[reference]
      if row and isExpired(row) then release(reference, row) end
    end
  end
  -- Beyond what one call sweeps, an expired reservation is at least not sent.
  if #due == SWEEP then
    for reference, row in pairs(rows) do
      if isExpired(row) then release(reference, row) end
    end
  end
end

---------------------------------------------------------------------------------------------------------------------------------
-- The operations.

local operations = {}

function operations.t(walletKey)
  local wallet = walletOf(walletKey)
  return wallet.active .. '\n' .. wallet.captured
end

function operations.h(reference, walletKey, amount, state, expiresInMs, limitEpoch, limit, attempt, metadata)
  local row = rows[reference]
  if row then
    if row[ATTEMPT] == attempt and (row[STATE] == 'reserved' or row[STATE] == 'sent') then
      return 'mine\n' .. operations.t(walletKey) .. '\n' .. writeRow(row)
    end
    local isFree = row[STATE] == 'released' and row[WALLET] == walletKey and row[AMOUNT] == amount
    local isOver = row[ATTEMPT] == attempt or row[ABANDONED]:find(attempt, 1, true)
    if not isFree or isOver then return 'exists\n' .. writeRow(row) end
  end
  local wallet = walletOf(walletKey)
  local totals = wallet.active .. '\n' .. wallet.captured
  if limitEpoch ~= epoch then return 'void\n' .. totals end
  if recoveringForMs > 0 then return 'recovering' end
  if not sumAtMost(wallet.active, wallet.captured, amount, limit) then return 'insufficient\n' .. totals end
  local expiresAt, sentAt = '', nowText
  if state == 'reserved' then expiresAt, sentAt = whole(now + tonumber(expiresInMs)), '' end
  local heldBefore, abandoned = '', ''
  -- The last ones are enough, and a reference that is tried for ever must not grow for ever.
  if row then heldBefore, abandoned = '1', (row[ABANDONED] .. row[ATTEMPT] .. ' '):sub(-1000) end
  open(
    reference,
    { state, amount, '', nowText, expiresAt, sentAt, '', '', attempt, '', '', walletKey, heldBefore, abandoned, metadata }
  )
  return 'held\n' .. totals .. '\n' .. heldBefore
end

function operations.s(reference, to, actual, visibleInMs, attempt)
  local row = rows[reference]
  if not row then return 'unknown' end
  if attempt ~= '' and attempt ~= row[ATTEMPT] then return 'illegal\n' .. writeRow(row) end
  local from = row[STATE]
  if from == to and to ~= 'sent' then return 'already\n' .. writeRow(row) end
  if from ~= 'reserved' and from ~= 'sent' or from == to then return 'illegal\n' .. writeRow(row) end
  if to == 'released' then
    release(reference, row)
  elseif to == 'captured' then
    capture(reference, row, actual, visibleInMs)
  else
    leaveReserved(reference, row)
    row[STATE], row[SENT_AT] = 'sent', nowText
    setRow(reference, row)
  end
  return 'done\n' .. writeRow(row)
end

function operations.g(reference)
  local row = rows[reference]
  return row and writeRow(row) or ''
end

function operations.a(reference, walletKey, amount, attempt, metadata)
  local row = rows[reference]
  if not row then
    -- The attempt may arrive yet; it must find that it is over.
    row = { 'released', amount, '', nowText, '', '', '', '', attempt, '', '', walletKey, '', '', metadata }
    insert(reference, row)
    finish(reference, row, 'released')
  elseif row[ATTEMPT] ~= attempt then
    -- Another attempt has the reference. Ours must not take it when that one was released.
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

---------------------------------------------------------------------------------------------------------------------------------
-- The writing.

local function writeIndex(name)
  callWithAll('ZADD', base .. name, added[name])
  local members = {}
  for member in pairs(removed[name] or {}) do members[#members + 1] = member end
  callWithAll('ZREM', base .. name, members)
end

-- Forgets a few of those that ended longest ago; more than come, so that a smaller number to remember is reached in time.
local function forget()
  if #finished == 0 then return end
  local excess = redis.call('LLEN', base .. 'finished') - tonumber(ARGV[5])
  local count = math.min(excess, 2 * #finished + 10)
  if count <= 0 then return end
  local entries, references = redis.call('LRANGE', base .. 'finished', 0, count - 1), {}
  redis.call('LTRIM', base .. 'finished', count, -1)
  local sequences = {}
  for index, entry in ipairs(entries) do
    references[index], sequences[index] = entry:match('^([^\n]*)\n(%d+)$')
  end
  local old, keys, members = readRows(base, references), {}, {}
  for index, reference in ipairs(references) do
    local row = old[reference]
    -- Its reference may have been held again since.
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

---------------------------------------------------------------------------------------------------------------------------------

sweep()
local reply = { epoch, whole(version), nowText, whole(recoveringForMs) }
for _, operation in ipairs(batch) do
  reply[#reply + 1] = operations[operation.letter](unpack(operation))
end
write()
return reply
