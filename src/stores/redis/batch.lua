-- Runs a batch of operations on the holds of one store, in their order.
--
-- KEYS[1]  '{prefix}:store'. All other keys begin the same way and share its hash tag, so that they live on one node:
--            store          hash: epoch, bornAt (ms), version, sequence, runId, protocol;
--                           clock, offset (ms), see storeTime();
--                           sifted, see sift.lua
--            hold:<ref>     a hold, see row.lua
--            wallet:<key>   hash: active, captured (minor units); while frozen: frozenAt (ms), frozenFor (the reason);
--                           limitsEpoch: the epoch in which an operator accepted what its limits count
--            used:<day>:<wallet>, used:<day>:<wallet>\n<payee>
--                           what holds of the day count under daily limits (minor units); expires days later
--            open           sorted set: the references of reserved and sent holds by sequence
--            closed         sorted set: those of captured and released ones
--            undecided      sorted set: holds whose outcome is to be looked up, by wallet and sequence, see sift.lua
--            due            sorted set by time (ms): 'e<ref>' a reservation expires;
--                           'v<sequence>\n<wallet>\n<amount>' a capture becomes visible
--            finished       list: '<when it ended (ms)>\n<ref>' of captured and failed holds, in the order they ended
--            unsent         list: the same of holds that were released without being sent
--            notes          hash, see compare-and-set.lua
-- KEYS[2]  if the batch writes, '{prefix}:batch:<id>', there from its execution until it would be too late; else
--          '{prefix}:absent', never there
-- KEYS[+]  '{prefix}:hold:<ref>' for each operation that has a reference, in their order
-- ARGV[1]  the epoch to begin if one must begin: random text
-- ARGV[2]  '1' when the script was not loaded in the server; else '0'
-- ARGV[3]  the highest version that the caller has seen
-- ARGV[4]  how long nothing is approved in a new epoch, in ms
-- ARGV[5]  how long captured and failed holds are remembered, in ms
-- ARGV[6]  the same for holds that were released without being sent
-- ARGV[7]  if the batch writes: the only epoch in which it may be executed; else ''
-- ARGV[8]  the last time (ms) at which it may be executed
-- ARGV[9+] the operations: a letter and its fields, each on a line, '' for none, amounts in minor units, times in ms.
--          One text for each operation, because an argument costs more than a line. <row> is a hold as in row.lua,
--          without sequence and lease.
--            w wallet epoch limit sendsFor    what the holds after it have in common; not answered
--            l day start end perDay perPayee sinceStart   limits of the holds after it, up to the next w; not answered.
--                                      The day counts from 1970-01-01; '' for no limit; sinceStart is '1' or ''
--            h amount expiresIn <row>         a hold, as sent if it does not expire; the row from the attempt on
--            b policy                  the holds after it are a batch, and the only operations: with `all`, each of
--                                      them is granted or none; with `fit`, those that can be
--            m policy attempt          the same; what they take leaves the hold of its reference and this attempt, and
--                                      their limit is above any sum
--            t wallet
--            a wallet                  accepts what its limits count in this epoch
--            f wallet since reason     freezes a wallet, since now if no time is given; without a reason unfreezes it
--            g
--            s to attempt ...          moves a hold on; the last four fields depend on `to`:
--              reserved                  expiresIn
--              sent                      sendsFor sender checkEpoch checkLimit
--              captured                  actual visibleIn awaits ('1': the outcome is still to be looked up)
--              released                  notSent ('1': the reference may be held again) sender
--              returned, failed
--            r <row>                   restores a hold
--
-- Returns  { epoch, version, now (ms), time left of the recovery (ms), one text for each operation }; without the texts
--          if it was not executed: in another epoch, too late, or a second time. By line:
--            h  'held', active, captured; the turn, if the reference was held before: totals of before the hold
--               '+': held as well; the totals are those of the hold before it, with that hold
--               'insufficient' | 'stale_epoch', active, captured
--               'already_held', active, captured, row: this very attempt was held before
--               'exists', row
--               'recovering'
--               'frozen', since, reason
--               'stale_day' | 'limits_unknown', since (ms) | 'over_limit', 'perPayee' or 'perDay', what is counted
--            b  'granted' | 'refused': then nothing was changed, and no hold after it was granted
--            m  the same; row of the hold that the amounts leave, if there is one
--            t  active, captured; since, reason if it is frozen
--            g  row, or ''
--            s  row: it is done
--               'late' | 'already' | 'illegal', row
--               'unknown'
--               'frozen', since, reason
--               'insufficient' | 'stale_epoch', active, captured
--            a, f, r  ''
--
-- Atomic, because the check of a hold and the hold must be one step whatever else is asked at the same time, and
-- because a new epoch must begin before anything is answered in it. Nothing but a freeze is written until every
-- operation is decided: a script that fails half way is not rolled back.

-- @include amount.lua
-- @include row.lua

-- Of what is due, this much is done in one call. What is left over only counts as held for longer.
local SWEEP = 1000
local FIRST = 9
local FIRST_HOLD = 3
-- First letters: of a reservation, and of a hold that was released; of a capture that becomes visible.
local RESERVED, VISIBLE = 114, 118

local base = KEYS[1]:sub(1, -6)
local holdBase = base .. 'hold:'

------------------------------------------------------------------------------------------------------------------------
-- The epoch.

local store = redis.call(
  'HMGET', KEYS[1], 'epoch', 'bornAt', 'version', 'sequence', 'runId', 'sifted', 'clock', 'offset', 'protocol')
local refusal = refusalOf(store[9])
if refusal then return refusal end
local now = storeTime(KEYS[1], store[7], store[8])
local epoch, bornAt = store[1], tonumber(store[2] or '0')
local version, seen = tonumber(store[3] or '0'), tonumber(ARGV[3])
local sequence, sifted = tonumber(store[4] or '0'), tonumber(store[6] or '0')

-- Another server process than the one that wrote last was restarted, or is a replica that took over: it may lack what
-- was written last. A server that may not be asked forgets its scripts at least.
local info = redis.pcall('INFO', 'server')
local lastRunId = store[5] or ''
local runId = type(info) == 'string' and info:match('run_id:(%x+)') or ''
local isOther = ARGV[2] == '1'
if runId ~= '' then isOther = lastRunId ~= '' and runId ~= lastRunId end

-- Gone; or perhaps without its last writes; or restored to an earlier time.
if not epoch or isOther or version < seen then
  -- Later than anything that was written before: see isOver().
  if store[7] then now = math.max(now, tonumber(store[7]) + 1) end
  epoch, bornAt = ARGV[1], now
  -- Above what any process saw in an earlier epoch, or each process in turn would begin another one.
  version = math.max(version, now * 1000)
end
version = math.max(version, seen) + 1
local nowText = whole(now)
local isSameEpoch = epoch == store[1] and runId == lastRunId
local recoveringForMs = math.max(0, bornAt + tonumber(ARGV[4]) - now)

local reply = { epoch, whole(version), nowText, whole(recoveringForMs) }

local function writeStore()
  redis.call('HSET', KEYS[1], 'version', reply[2], 'sequence', whole(sequence), 'clock', nowText)
  if not isSameEpoch then
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'bornAt', whole(bornAt), 'runId', runId, 'protocol', PROTOCOL)
  end
end

------------------------------------------------------------------------------------------------------------------------
-- In a new epoch the totals are added up from the holds that are there. A hold that the index has and that is not there
-- means that only some of the keys are: then nothing may be answered, and least of all that nothing is held.
-- Reservations end with their epoch, see isOver(): they are due now, also those of processes that are gone.

local function isRecounted()
  local references = redis.call('ZRANGE', base .. 'open', 0, -1)
  local keys, actives, over = {}, {}, {}
  for at, reference in ipairs(references) do keys[at] = holdBase .. reference end
  local pattern = '^(%l+)\n(%d+)\n' .. ('[^\n]*\n'):rep(WALLET - 3) .. '([^\n]*)'
  for at, text in ipairs(readTexts(keys, 1)) do
    local state, amount, wallet
    if text then state, amount, wallet = text:match(pattern) end
    if state ~= 'reserved' and state ~= 'sent' then return false end
    actives[wallet] = add(actives[wallet] or '0', amount)
    if state == 'reserved' then
      over[#over + 1] = nowText
      over[#over + 1] = 'e' .. references[at]
    end
  end
  -- Captures that the balance does not show yet.
  for _, member in ipairs(redis.call('ZRANGE', base .. 'due', 0, -1)) do
    local wallet, amount = member:match('^v%d+\n([^\n]*)\n(%d+)$')
    if wallet then actives[wallet] = add(actives[wallet] or '0', amount) end
  end
  for wallet, active in pairs(actives) do redis.call('HSET', base .. 'wallet:' .. wallet, 'active', active) end
  callWithAll('ZADD', base .. 'due', over)
  return true
end

if epoch ~= store[1] and not isRecounted() then return redis.error_reply('MOVING keys are missing') end

------------------------------------------------------------------------------------------------------------------------
-- The check that the batch may be executed. If not, its caller has given up or will, and nothing may be left of it. The
-- id is remembered until the batch would be too late anyway; for a duration, because the server's clock is not the time
-- of the store.

local isWriting = ARGV[8] ~= ''
if isWriting then
  local leftMs = tonumber(ARGV[8]) - now
  if ARGV[7] ~= epoch or leftMs < 0 or not redis.call('SET', KEYS[2], '1', 'NX', 'PX', whole(leftMs + 1000)) then
    writeStore()
    return reply
  end
end

------------------------------------------------------------------------------------------------------------------------
-- Values read, and values to write.

local texts = readTexts(KEYS, FIRST_HOLD)
-- By reference, what this call has read or made of a hold: a table, or the text of a hold that is new.
local rows = {}
-- Of these, the ones to be written: tables, or texts.
local changedRows = {}
-- Keys and texts of holds that are new.
local newTexts = {}
-- Scores and members, in turn; a later score of a member counts.
local added = { open = {}, closed = {}, due = {}, undecided = {} }
-- Members that are there no more in the end.
local removed = { open = {}, closed = {}, due = {}, undecided = {} }
-- Entries of the lists of references to remember.
local ended = { finished = {}, unsent = {} }
local wallets = {}

local function setTotals(wallet, active, captured)
  wallet.active, wallet.captured = active, captured
  wallet.smallActive, wallet.smallCaptured = small(active), small(captured)
  wallet.isInReply = false
end

-- Holds that are new only count: the text is made when it is asked for.
local function activeOf(wallet)
  if not wallet.active then wallet.active = whole(wallet.smallActive) end
  return wallet.active
end

local function totalsOf(wallet)
  return activeOf(wallet) .. '\n' .. wallet.captured
end

local function walletOf(name)
  local wallet = wallets[name]
  if not wallet then
    local known = redis.call('HMGET', base .. 'wallet:' .. name, 'active', 'captured', 'frozenAt', 'frozenFor')
    wallet = { frozen = known[3] and known[3] .. '\n' .. known[4] }
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

-- Days for which counters are kept after their own, so that the day is over in every time zone; and for how long their
-- keys are there, which is longer.
local firstKeptDay, KEEP_COUNTER_MS = math.floor(now / 86400000) - 3, '604800000'
-- Counters by their keys: { what is counted, 'KEEPTTL' if there is one, whether it is changed }.
local counters = {}

local function counterOf(day, name, payee)
  local key = base .. 'used:' .. day .. ':' .. name
  if payee ~= '' then key = key .. '\n' .. payee end
  local counter = counters[key]
  if not counter then
    local used = redis.call('GET', key)
    counter = { used or '0', used and 'KEEPTTL', false }
    counters[key] = counter
  end
  return counter
end

-- Counts an amount, or gives it back, for a hold of the wallet whose line LIMITS this is.
local function count(name, limits, amount)
  local day, payee = limits:match('^(%d+) (.*)$')
  if not day or amount == '0' or tonumber(day) < firstKeptDay then return end
  local counter = counterOf(day, name, '')
  counter[1], counter[3] = add(counter[1], amount), true
  if payee == '' then return end
  counter = counterOf(day, name, payee)
  counter[1], counter[3] = add(counter[1], amount), true
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

------------------------------------------------------------------------------------------------------------------------
-- Moves of a hold.

local function isOpen(row)
  return row[STATE] == 'reserved' or row[STATE] == 'sent'
end

local function isUnsent(row)
  return row[STATE] == 'released' and row[FAILED] == ''
end

local function nextSequence()
  sequence = sequence + 1
  return whole(sequence)
end

-- The index entries of a hold that is there now.
local function open(reference, row)
  row[SEQUENCE] = nextSequence()
  removed.closed[reference] = true
  addTo('open', row[SEQUENCE], reference)
  if row[STATE] == 'reserved' then addTo('due', row[DUE_AT], 'e' .. reference) end
  changeTotals(row[WALLET], row[AMOUNT], '0')
  count(row[WALLET], row[LIMITS], row[AMOUNT])
  setRow(reference, row)
end

local function leaveReserved(reference, row)
  if row[STATE] == 'reserved' then removed.due['e' .. reference] = true end
  row[DUE_AT] = ''
end

-- Its outcome is to be looked up. A sent hold whose turn in sift.lua comes later need not be added.
local function addUndecided(reference, row)
  addTo('undecided', '0', undecidedMember(row, reference))
  if row[LEASE_UNTIL] == '' then row[LEASE_UNTIL] = '0' end
end

-- Its outcome is known: no claim takes it from then on.
local function decide(reference, row)
  if row[LEASE_UNTIL] == '' then return end
  removed.undecided[undecidedMember(row, reference)] = true
  row[AWAITS], row[LEASE_OWNER], row[LEASE_UNTIL] = '', '', ''
end

local function remember(reference, row)
  local entries = isUnsent(row) and ended.unsent or ended.finished
  entries[#entries + 1] = row[ENDED_AT] .. '\n' .. reference
end

local function finish(reference, row, state, endedAt)
  leaveReserved(reference, row)
  row[STATE], row[ENDED_AT] = state, endedAt
  removed.open[reference] = true
  addTo('closed', row[SEQUENCE], reference)
  remember(reference, row)
  setRow(reference, row)
end

local function release(reference, row, failed)
  changeTotals(row[WALLET], negated(row[AMOUNT]), '0')
  count(row[WALLET], row[LIMITS], negated(row[AMOUNT]))
  decide(reference, row)
  row[FAILED] = failed
  finish(reference, row, 'released', nowText)
end

-- It counts as held until then. All that is needed is in the member: the hold itself may be forgotten before.
local function showLater(row, visibleAt)
  changeTotals(row[WALLET], row[CAPTURED], '0')
  row[DUE_AT] = visibleAt
  addTo('due', visibleAt, 'v' .. row[SEQUENCE] .. '\n' .. row[WALLET] .. '\n' .. row[CAPTURED])
end

------------------------------------------------------------------------------------------------------------------------
-- Reading a hold. `text` is what was read of it before, or false.

-- Returns true if a reservation has ended: by its time, or with the epoch that it was made in. One in older data may
-- have ended long ago, and its money may be promised to another payout.
local function isOver(row)
  return row[STATE] == 'reserved' and (tonumber(row[DUE_AT]) <= now or tonumber(row[CREATED_AT]) < bornAt)
end

local function rowOf(reference, text)
  local row = rows[reference]
  if not row then
    if not text then return nil end
    row = readRow(text)
    rows[reference] = row
    -- Beyond what one call sweeps, a reservation that has ended is at least not sent.
    if isOver(row) then release(reference, row, '') end
  elseif type(row) == 'string' then
    row = readRow(row)
    rows[reference] = row
  end
  return row
end

------------------------------------------------------------------------------------------------------------------------
-- The operations, by the code of their letter. Each is made when the first one of its kind comes: Redis makes all
-- functions of a script anew for each call, and most calls need one or two of these.

local makers = {}

-- w: what the holds after it have in common. b and m: what they are about.
local basis, group = {}, nil

makers[119] = function()
  return function(operation)
    local name, limitEpoch, limit, sendsFor = operation:match('^w\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(%d+)$')
    basis = { name = name, wallet = walletOf(name), isStale = limitEpoch ~= epoch, sendsFor = sendsFor }
    -- The limit of holds that another one has the money for is above any sum: as a number, it need not be exact.
    basis.limit, basis.smallLimit = limit, #limit > 30 and math.huge or small(limit)
    -- The parts of a new row that are the same for all.
    basis.wallet.isInReply = false
    if group then group.activeBefore = group.activeBefore or activeOf(basis.wallet) end
    basis.sent = '\n\n' .. nowText .. '\n\n' .. nowText .. '\n' .. sendsFor .. '\n\n'
    basis.reserved = '\n\n' .. nowText .. '\n'
    basis.afterSequence = '\n\n\n\n\n' .. name .. '\n'
  end
end

-- l: the daily limits of the holds after it.
makers[108] = function()
  return function(operation)
    local day, start, finish, perDay, perPayee, since =
      operation:match('^l\n(%d+)\n(%-?%d+)\n(%-?%d+)\n(%d*)\n(%d*)\n(1?)$')
    basis.limits = {
      day = day, startAt = tonumber(start), endAt = tonumber(finish), perDay = perDay, perPayee = perPayee,
      sinceStart = since == '1'
    }
  end
end

-- a: accepts what limits count. Written at once, as a freeze is.
makers[97] = function()
  return function(operation)
    redis.call('HSET', base .. 'wallet:' .. operation:sub(3), 'limitsEpoch', epoch)
    return ''
  end
end

-- h: a hold.
makers[104] = function()
  -- Returns the active amount with this hold: as a number, if all that counts is small; as text, if not; nothing, if
  -- it does not fit.
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

  local function isAbove(limit, used, amount)
    return limit ~= '' and not atMost(add(used, amount), limit)
  end

  -- Returns the reason for which limits refuse an amount for a payee, or ''; nil if they do not.
  local function refusalByLimits(limits, amount, payee)
    if now < limits.startAt or now >= limits.endAt then return 'stale_day' end
    if bornAt > limits.startAt and not limits.sinceStart
        and redis.call('HGET', base .. 'wallet:' .. basis.name, 'limitsEpoch') ~= epoch then
      return 'limits_unknown\n' .. whole(bornAt)
    end
    if payee ~= '' then
      local used = counterOf(limits.day, basis.name, payee)[1]
      if isAbove(limits.perPayee, used, amount) then return 'over_limit\nperPayee\n' .. used end
    end
    local used = counterOf(limits.day, basis.name, '')[1]
    if isAbove(limits.perDay, used, amount) then return 'over_limit\nperDay\n' .. used end
    return nil
  end

  local function isSamePayout(row, again)
    return row[WALLET] == again[WALLET] and row[AMOUNT] == again[AMOUNT] and readRest(row) == (readRest(again))
  end

  return function(operation, reference, text, key)
    local amount, expiresIn, rest = operation:match('^h\n(%d+)\n(%d*)\n(.*)$')
    local wallet, state = basis.wallet, expiresIn == '' and 'sent' or 'reserved'
    local row = (text or rows[reference]) and rowOf(reference, text)
    local again
    if row then
      local attempt, counted, own = rest:match('^([^\n]*)\n\n([^\n]*)\n(.*)$')
      again = { '', amount, '', nowText, '', '', '', '', '', '', '', '', '', basis.name, attempt, '', counted, own }
      local isSame, isOwn = isSamePayout(row, again), row[ATTEMPT] == attempt
      -- As it was granted: no other handle was given to send it meanwhile.
      if isSame and isOwn and row[STATE] == state and row[SENDER] == '' then
        return 'already_held\n' .. totalsOf(wallet) .. '\n' .. writeRow(row)
      end
      -- Only if it certainly was not sent, and not by an attempt that is over.
      if not isSame or isOwn or not isUnsent(row) then return 'exists\n' .. writeRow(row) end
    end
    if wallet.frozen then return 'frozen\n' .. wallet.frozen end
    if basis.isStale then return 'stale_epoch\n' .. totalsOf(wallet) end
    if recoveringForMs > 0 then return 'recovering' end
    local counted
    if basis.limits then
      counted = rest:match('^[^\n]*\n\n([^\n]*)')
      local refusal = refusalByLimits(basis.limits, amount, counted:match(' (.*)$'))
      if refusal then return refusal end
    end
    local smallActive, active = activeWith(wallet, amount)
    if not smallActive and not active then return 'insufficient\n' .. totalsOf(wallet) end
    local answer = wallet.isInReply and not again and '+' or 'held\n' .. totalsOf(wallet)

    local dueAt = expiresIn == '' and '' or whole(now + tonumber(expiresIn))
    if again then
      again[STATE], again[DUE_AT] = state, dueAt
      if state == 'sent' then again[SENT_AT], again[SENDS_FOR] = nowText, basis.sendsFor end
      local turn = whole(turnOf(row) + 1)
      local fingerprint, _, currency, metadata = readRest(again)
      again[REST] = fingerprint .. '\n' .. turn .. '\n' .. currency .. '\n' .. metadata
      open(reference, again)
      return answer .. '\n' .. turn
    end
    -- As open() does it, but without a table: this is the usual case.
    if counted then count(basis.name, counted, amount) end
    local at, new = nextSequence(), nil
    if dueAt == '' then
      new = 'sent\n' .. amount .. basis.sent .. at .. basis.afterSequence .. rest
    else
      new = 'reserved\n' .. amount .. basis.reserved .. dueAt .. '\n\n\n\n' .. at .. basis.afterSequence .. rest
      addTo('due', dueAt, 'e' .. reference)
    end
    rows[reference] = new
    newTexts[#newTexts + 1] = key
    newTexts[#newTexts + 1] = new
    local openMembers = added.open
    openMembers[#openMembers + 1] = at
    openMembers[#openMembers + 1] = reference
    if smallActive then
      wallet.active, wallet.smallActive = nil, smallActive
    else
      setTotals(wallet, active, wallet.captured)
    end
    wallet.isChanged, wallet.isInReply = true, true
    return answer
  end
end

-- b and m: a batch of holds. `endBatch` decides what becomes of it, after them.

makers[98] = function()
  return function(operation, reference, text)
    local policy, attempt = operation:match('^%l\n(%l+)\n([^\n]*)$')
    group = {
      policy = policy, attempt = attempt, at = #reply + 1,
      isSplit = reference ~= nil, reference = reference, source = reference and rowOf(reference, text)
    }
    -- Reservations that are over leave `active` before it is compared.
    for at, known in ipairs(texts) do
      if known then rowOf(KEYS[at + FIRST_HOLD - 1]:sub(#holdBase + 1), known) end
    end
    return ''
  end
end
makers[109] = makers[98]

local function areAllHeld()
  for at = group.at + 1, #reply do
    local outcome = reply[at]:match('^[^\n]*')
    if outcome ~= '+' and outcome ~= 'held' and outcome ~= 'already_held' then return false end
  end
  return true
end

-- Takes what the holds of the batch need out of the source. Returns false if it cannot give that.
local function lessenSource()
  local taken, row = add(activeOf(basis.wallet), negated(group.activeBefore)), group.source
  -- The attempt has asked again: it was taken before.
  if taken == '0' then return true end
  if not row or row[STATE] ~= 'reserved' or row[ATTEMPT] ~= group.attempt or row[WALLET] ~= basis.name
      or not atMost(taken, row[AMOUNT]) then
    return false
  end
  if taken == row[AMOUNT] then
    release(group.reference, row, '')
  else
    changeTotals(row[WALLET], negated(taken), '0')
    count(row[WALLET], row[LIMITS], negated(taken))
    row[AMOUNT] = add(row[AMOUNT], negated(taken))
    setRow(group.reference, row)
  end
  return true
end

-- Returns false if the batch is refused, so that nothing may be written.
local function endBatch()
  local isGranted = (group.policy ~= 'all' or areAllHeld()) and (not group.isSplit or lessenSource())
  local row = group.source and '\n' .. writeRow(group.source) or ''
  reply[group.at] = (isGranted and 'granted' or 'refused') .. row
  return isGranted
end

-- t: totals.
makers[116] = function()
  return function(operation)
    local wallet = walletOf(operation:sub(3))
    return wallet.frozen and totalsOf(wallet) .. '\n' .. wallet.frozen or totalsOf(wallet)
  end
end

-- f: freezes. Written at once: it depends on nothing else, and may be repeated.
makers[102] = function()
  return function(operation)
    local name, since, reason = operation:match('^f\n([^\n]*)\n(%d*)\n(.*)$')
    local wallet, key = walletOf(name), base .. 'wallet:' .. name
    if reason == '' then
      wallet.frozen = nil
      redis.call('HDEL', key, 'frozenAt', 'frozenFor')
    else
      local at = wallet.frozen and wallet.frozen:match('^%d+') or since ~= '' and since or nowText
      wallet.frozen = at .. '\n' .. reason
      redis.call('HSET', key, 'frozenAt', at, 'frozenFor', reason)
    end
    return ''
  end
end

-- g: a hold as it is.
makers[103] = function()
  return function(_, reference, text)
    -- As it is, unless it may be a reservation that is over.
    if text and not rows[reference] and text:byte(1) ~= RESERVED then return text end
    local row = rowOf(reference, text)
    return row and writeRow(row) or ''
  end
end

-- s: moves a hold on.
makers[115] = function()
  -- Returns true if a hold may move on: as `transition` of src/core/hold.ts.
  local function transition(row, to, attempt)
    local state = row[STATE]
    if to == 'reserved' or to == 'sent' then return state == 'reserved' and 'done' or 'illegal' end
    if to == 'returned' then return state == 'sent' and 'done' or state == 'captured' and 'already' or 'illegal' end
    if isOpen(row) then return 'done' end
    if to == 'captured' then return state == 'captured' and 'already' or attempt ~= '' and 'late' or 'illegal' end
    if state == 'released' then return 'already' end
    return to == 'failed' and (row[AWAITS] == '1' or row[FAILED] == '1') and 'already' or 'illegal'
  end

  -- Returns the reason for which a hold is not given `sent`; nil if it is.
  local function refusalToSend(row, checkEpoch, checkLimit)
    local wallet = walletOf(row[WALLET])
    if wallet.frozen then return 'frozen\n' .. wallet.frozen end
    if checkEpoch == '' then return nil end
    if checkEpoch ~= epoch then return 'stale_epoch\n' .. totalsOf(wallet) end
    if atMost(add(activeOf(wallet), wallet.captured), checkLimit) then return nil end
    return 'insufficient\n' .. totalsOf(wallet)
  end

  local function capture(reference, row, actual, visibleInMs, awaits)
    local held = isOpen(row) and row[AMOUNT] or '0'
    row[CAPTURED] = actual == '' and row[AMOUNT] or actual
    changeTotals(row[WALLET], negated(held), visibleInMs == '0' and row[CAPTURED] or '0')
    count(row[WALLET], row[LIMITS], add(row[CAPTURED], negated(held)))
    if awaits == '1' then addUndecided(reference, row) else decide(reference, row) end
    -- A late capture disproves the failure.
    row[AWAITS], row[FAILED] = awaits, ''
    finish(reference, row, 'captured', nowText)
    if visibleInMs ~= '0' then showLater(row, whole(now + tonumber(visibleInMs))) end
  end

  -- The fields of the operation after the attempt depend on the target.
  local function move(reference, row, to, first, second, third)
    if to == 'captured' then return capture(reference, row, first, second, third) end
    if to == 'released' then
      return release(reference, row, row[STATE] == 'sent' and first ~= '1' and '1' or '')
    end
    if to == 'failed' then return release(reference, row, '1') end
    if to == 'sent' then
      leaveReserved(reference, row)
      row[STATE], row[SENT_AT], row[SENDS_FOR], row[SENDER] = 'sent', nowText, first, second
      if tonumber(row[SEQUENCE]) <= sifted then addUndecided(reference, row) end
    elseif to == 'returned' then
      local passed = now - tonumber(row[SENT_AT])
      row[SENDS_FOR] = whole(math.min(tonumber(row[SENDS_FOR]) or passed, passed))
    else
      row[DUE_AT] = whole(now + tonumber(first))
      addTo('due', row[DUE_AT], 'e' .. reference)
    end
    setRow(reference, row)
  end

  -- Adds what a repeated request brings to the record of a finished hold.
  local function note(reference, row, to, awaits)
    local isFailed = to == 'failed' and (row[FAILED] == '' or row[AWAITS] == '1')
    if not isFailed and not (to == 'captured' and row[AWAITS] == '1' and awaits ~= '1') then return end
    local wasUnsent = isUnsent(row)
    decide(reference, row)
    if isFailed then row[FAILED] = '1' end
    -- It must be remembered for as long as the others that failed.
    if wasUnsent then remember(reference, row) end
    setRow(reference, row)
  end

  local function isOfAnother(row, to, attempt, sender)
    if attempt ~= '' and attempt ~= row[ATTEMPT] then return true end
    if to ~= 'released' or sender == '' or row[STATE] ~= 'sent' then return false end
    return sender ~= (row[SENDER] == '' and row[ATTEMPT] or row[SENDER])
  end

  return function(operation, reference, text)
    local to, attempt, first, second, third, fourth =
      operation:match('^s\n(%l+)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n([^\n]*)\n(.*)$')
    local row = rowOf(reference, text)
    if not row then return 'unknown' end
    local outcome = isOfAnother(row, to, attempt, second) and 'illegal' or transition(row, to, attempt)
    if outcome == 'done' and to == 'sent' then
      local refusal = refusalToSend(row, third, fourth)
      if refusal then return refusal end
    end
    if outcome == 'done' or outcome == 'late' then
      move(reference, row, to, first, second, third)
    elseif outcome == 'already' then
      note(reference, row, to, third)
    end
    local written = writeRow(row)
    -- Made once, for the answer and for the key.
    if changedRows[reference] then changedRows[reference] = written end
    return outcome == 'done' and written or outcome .. '\n' .. written
  end
end

-- r: restores a hold.
makers[114] = function()
  -- Returns true if the hold that is there gives way to the one that is restored.
  local function isBehind(row, own)
    if row[WALLET] ~= own[WALLET] or row[STATE] == 'captured' then return false end
    if row[ATTEMPT] == own[ATTEMPT] then
      -- Money that left is a fact, also after a release; but a payout that failed before it was sent stays unsent.
      return own[STATE] == 'captured' or own[STATE] == 'sent' and row[SENT_AT] == '' and row[FAILED] == ''
    end
    -- Data went back in time to an earlier hold. Later, it may be this request that is late. No clock is compared: the
    -- two may be of different servers.
    return recoveringForMs > 0 and turnOf(row) < turnOf(own)
  end

  return function(operation, reference, text)
    local own, row = readRow(operation:sub(3)), rowOf(reference, text)
    if row then
      if not isBehind(row, own) then return '' end
      if isOpen(row) then release(reference, row, '') end
    end
    if own[STATE] == 'captured' then
      local visibleAt, endedAt = own[DUE_AT], own[ENDED_AT]
      own[SEQUENCE] = nextSequence()
      if own[AWAITS] == '1' then addUndecided(reference, own) end
      finish(reference, own, 'captured', endedAt == '' and nowText or endedAt)
      count(own[WALLET], own[LIMITS], own[CAPTURED])
      showLater(own, visibleAt == '' and nowText or visibleAt)
    else
      open(reference, own)
    end
    return ''
  end
end

------------------------------------------------------------------------------------------------------------------------
-- Changes that are due: reservations that are over, captures that the provider's balance shows by now.

local due = redis.call('ZRANGEBYSCORE', base .. 'due', '-inf', nowText, 'LIMIT', 0, SWEEP)
local dueKeys, dueReferences = {}, {}
for _, member in ipairs(due) do
  removed.due[member] = true
  if member:byte(1) == VISIBLE then
    local name, amount = member:match('^v%d+\n([^\n]*)\n(%d+)$')
    changeTotals(name, negated(amount), amount)
  else
    dueReferences[#dueReferences + 1] = member:sub(2)
    dueKeys[#dueKeys + 1] = holdBase .. member:sub(2)
  end
end
for at, text in ipairs(readTexts(dueKeys, 1)) do
  local row = text and readRow(text)
  if row and isOver(row) then release(dueReferences[at], row, '') end
end

------------------------------------------------------------------------------------------------------------------------
-- The requested operations.

local operations = {}
local keyAt, afterBase, byte, sub = FIRST_HOLD - 1, #holdBase + 1, string.byte, string.sub
-- Letters of operations that have no reference: a, b, f, l, t and w.
local hasNone = { [97] = true, [98] = true, [108] = true, [102] = true, [116] = true, [119] = true }
for at = FIRST, #ARGV do
  local operation = ARGV[at]
  local letter = byte(operation)
  local run = operations[letter]
  if not run then
    run = makers[letter]()
    operations[letter] = run
  end
  if hasNone[letter] then
    reply[#reply + 1] = run(operation)
  else
    keyAt = keyAt + 1
    local key = KEYS[keyAt]
    reply[#reply + 1] = run(operation, sub(key, afterBase), texts[keyAt - FIRST_HOLD + 1], key)
  end
end

if group and not endBatch() then
  writeStore()
  return reply
end

------------------------------------------------------------------------------------------------------------------------
-- The writing.

callWithAll('MSET', nil, newTexts)
local changed = {}
for reference, row in pairs(changedRows) do
  changed[#changed + 1] = holdBase .. reference
  changed[#changed + 1] = type(row) == 'string' and row or writeRow(row)
end
callWithAll('MSET', nil, changed)
for name, wallet in pairs(wallets) do
  if wallet.isChanged then
    redis.call('HSET', base .. 'wallet:' .. name, 'active', activeOf(wallet), 'captured', wallet.captured)
  end
end
for key, counter in pairs(counters) do
  if counter[3] and counter[2] then
    redis.call('SET', key, counter[1], 'KEEPTTL')
  elseif counter[3] then
    redis.call('SET', key, counter[1], 'PX', KEEP_COUNTER_MS)
  end
end
for index, members in pairs(added) do callWithAll('ZADD', base .. index, members) end
for index, isRemoved in pairs(removed) do
  if next(isRemoved) then
    local members = {}
    for member in pairs(isRemoved) do members[#members + 1] = member end
    callWithAll('ZREM', base .. index, members)
  end
end
writeStore()
callWithAll('RPUSH', base .. 'finished', ended.finished)
callWithAll('RPUSH', base .. 'unsent', ended.unsent)

------------------------------------------------------------------------------------------------------------------------
-- The forgetting: when others end, and more than end, so that an arrear is made up for, but only a few, so that no call
-- takes long.

local endedNow = #ended.finished + #ended.unsent

local function forget(list, before)
  local key, keys, times = base .. list, {}, {}
  for index, entry in ipairs(redis.call('LRANGE', key, 0, 2 * endedNow + 9)) do
    local endedAt, reference = entry:match('^(%d+)\n(.*)$')
    if tonumber(endedAt) > before then break end
    keys[index], times[index] = holdBase .. reference, endedAt
  end
  redis.call('LTRIM', key, #keys, -1)
  local forgotten, closed, undecided = {}, {}, {}
  for index, text in ipairs(readTexts(keys, 1)) do
    local row = text and readRow(text)
    -- It may have been held again since, or captured or failed after it was released.
    if row and row[ENDED_AT] == times[index] and isUnsent(row) == (list == 'unsent') then
      local reference = keys[index]:sub(#holdBase + 1)
      forgotten[#forgotten + 1] = keys[index]
      closed[#closed + 1] = reference
      if row[LEASE_UNTIL] ~= '' then undecided[#undecided + 1] = undecidedMember(row, reference) end
    end
  end
  callWithAll('UNLINK', nil, forgotten)
  callWithAll('ZREM', base .. 'closed', closed)
  callWithAll('ZREM', base .. 'undecided', undecided)
end

if endedNow > 0 then
  for list, rememberMs in pairs({ finished = ARGV[5], unsent = ARGV[6] }) do
    local first, before = redis.call('LINDEX', base .. list, 0), now - tonumber(rememberMs)
    if first and tonumber(first:match('^%d+')) <= before then forget(list, before) end
  end
end
return reply
