// Generated from batch.lua by scripts/embed.mjs. DO NOT EDIT.
export const batchScript: string = `local function addDigits(a, b)
  local limbs, carry = {}, 0
  local aEnd, bEnd = #a, #b
  while aEnd > 0 or bEnd > 0 or carry > 0 do
    local sum = carry
    if aEnd > 0 then sum = sum + tonumber(a:sub(math.max(aEnd - 14 + 1, 1), aEnd)) end
    if bEnd > 0 then sum = sum + tonumber(b:sub(math.max(bEnd - 14 + 1, 1), bEnd)) end
    carry = sum >= 1e14 and 1 or 0
    table.insert(limbs, 1, string.format('%014.0f', sum - carry * 1e14))
    aEnd, bEnd = aEnd - 14, bEnd - 14
  end
  local text = table.concat(limbs):gsub('^0+', '')
  return text == '' and '0' or text
end
local function subtractDigits(a, b)
  local limbs, borrow = {}, 0
  local aEnd, bEnd = #a, #b
  while aEnd > 0 do
    local rest = tonumber(a:sub(math.max(aEnd - 14 + 1, 1), aEnd)) - borrow
    if bEnd > 0 then rest = rest - tonumber(b:sub(math.max(bEnd - 14 + 1, 1), bEnd)) end
    borrow = rest < 0 and 1 or 0
    table.insert(limbs, 1, string.format('%014.0f', rest + borrow * 1e14))
    aEnd, bEnd = aEnd - 14, bEnd - 14
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
local function small(a)
  return #a <= 14 and tonumber(a) or nil
end
local function refusalOf(protocol)
  if protocol and protocol ~= tostring(2) then return redis.error_reply('PROTOCOL ' .. protocol) end
end
local ROW_PATTERN = '^' .. ('([^\\n]*)\\n'):rep(17) .. '(.*)$'
local function readRow(text)
  return { text:match(ROW_PATTERN) }
end
local function writeRow(row)
  return table.concat(row, '\\n')
end
local function readRest(row)
  return row[18]:match('^([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
end
local function turnOf(row)
  local _, turn = readRest(row)
  return tonumber(turn) or 1
end
local function whole(number)
  return string.format('%d', number)
end
local function storeTime(key, clock, offset)
  local time = redis.call('TIME')
  local server = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
  local now, kept = server + tonumber(offset or '0'), tonumber(clock or '0')
  if now >= kept then return now end
  redis.call('HSET', key, 'offset', whole(kept - server))
  return kept
end
local function readStoreTime(key)
  local clock, offset, protocol = unpack(redis.call('HMGET', key, 'clock', 'offset', 'protocol'))
  local refusal = refusalOf(protocol)
  if refusal then return nil, refusal end
  return storeTime(key, clock, offset)
end
local function callWithAll(command, key, values)
  for from = 1, #values, 4000 do
    local to = math.min(from + 3999, #values)
    if key then
      redis.call(command, key, unpack(values, from, to))
    else
      redis.call(command, unpack(values, from, to))
    end
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
local function undecidedMember(row, reference)
  return row[14] .. '\\n' .. string.format('%016d', tonumber(row[9])) .. '\\n' .. reference
end
local base = KEYS[1]:sub(1, -6)
local holdBase = base .. 'hold:'
local store = redis.call(
  'HMGET', KEYS[1], 'epoch', 'bornAt', 'version', 'sequence', 'runId', 'sifted', 'clock', 'offset', 'protocol')
local refusal = refusalOf(store[9])
if refusal then return refusal end
local now = storeTime(KEYS[1], store[7], store[8])
local epoch, bornAt = store[1], tonumber(store[2] or '0')
local version, seen = tonumber(store[3] or '0'), tonumber(ARGV[3])
local sequence, sifted = tonumber(store[4] or '0'), tonumber(store[6] or '0')
local info = redis.pcall('INFO', 'server')
local lastRunId = store[5] or ''
local runId = type(info) == 'string' and info:match('run_id:(%x+)') or ''
local isOther = ARGV[2] == '1'
if runId ~= '' then isOther = lastRunId ~= '' and runId ~= lastRunId end
if not epoch or isOther or version < seen then
  if store[7] then now = math.max(now, tonumber(store[7]) + 1) end
  epoch, bornAt = ARGV[1], now
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
    redis.call('HSET', KEYS[1], 'epoch', epoch, 'bornAt', whole(bornAt), 'runId', runId, 'protocol', 2)
  end
end
local function isRecounted()
  local references = redis.call('ZRANGE', base .. 'open', 0, -1)
  local keys, actives, over = {}, {}, {}
  for at, reference in ipairs(references) do keys[at] = holdBase .. reference end
  local pattern = '^(%l+)\\n(%d+)\\n' .. ('[^\\n]*\\n'):rep(14 - 3) .. '([^\\n]*)'
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
  for _, member in ipairs(redis.call('ZRANGE', base .. 'due', 0, -1)) do
    local wallet, amount = member:match('^v%d+\\n([^\\n]*)\\n(%d+)$')
    if wallet then actives[wallet] = add(actives[wallet] or '0', amount) end
  end
  for wallet, active in pairs(actives) do redis.call('HSET', base .. 'wallet:' .. wallet, 'active', active) end
  callWithAll('ZADD', base .. 'due', over)
  return true
end
if epoch ~= store[1] and not isRecounted() then return redis.error_reply('MOVING keys are missing') end
local isWriting = ARGV[8] ~= ''
if isWriting then
  local leftMs = tonumber(ARGV[8]) - now
  if ARGV[7] ~= epoch or leftMs < 0 or not redis.call('SET', KEYS[2], '1', 'NX', 'PX', whole(leftMs + 1000)) then
    writeStore()
    return reply
  end
end
local texts = readTexts(KEYS, 3)
local rows = {}
local changedRows = {}
local newTexts = {}
local added = { open = {}, closed = {}, due = {}, undecided = {} }
local removed = { open = {}, closed = {}, due = {}, undecided = {} }
local ended = { finished = {}, unsent = {} }
local wallets = {}
local function setTotals(wallet, active, captured)
  wallet.active, wallet.captured = active, captured
  wallet.smallActive, wallet.smallCaptured = small(active), small(captured)
  wallet.isInReply = false
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
local firstKeptDay, KEEP_COUNTER_MS = math.floor(now / 86400000) - 3, '604800000'
local counters = {}
local function counterOf(day, name, payee)
  local key = base .. 'used:' .. day .. ':' .. name
  if payee ~= '' then key = key .. '\\n' .. payee end
  local counter = counters[key]
  if not counter then
    local used = redis.call('GET', key)
    counter = { used or '0', used and 'KEEPTTL', false }
    counters[key] = counter
  end
  return counter
end
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
local function isOpen(row)
  return row[1] == 'reserved' or row[1] == 'sent'
end
local function isUnsent(row)
  return row[1] == 'released' and row[12] == ''
end
local function nextSequence()
  sequence = sequence + 1
  return whole(sequence)
end
local function open(reference, row)
  row[9] = nextSequence()
  removed.closed[reference] = true
  addTo('open', row[9], reference)
  if row[1] == 'reserved' then addTo('due', row[5], 'e' .. reference) end
  changeTotals(row[14], row[2], '0')
  count(row[14], row[17], row[2])
  setRow(reference, row)
end
local function leaveReserved(reference, row)
  if row[1] == 'reserved' then removed.due['e' .. reference] = true end
  row[5] = ''
end
local function addUndecided(reference, row)
  addTo('undecided', '0', undecidedMember(row, reference))
  if row[11] == '' then row[11] = '0' end
end
local function decide(reference, row)
  if row[11] == '' then return end
  removed.undecided[undecidedMember(row, reference)] = true
  row[13], row[10], row[11] = '', '', ''
end
local function remember(reference, row)
  local entries = isUnsent(row) and ended.unsent or ended.finished
  entries[#entries + 1] = row[8] .. '\\n' .. reference
end
local function finish(reference, row, state, endedAt)
  leaveReserved(reference, row)
  row[1], row[8] = state, endedAt
  removed.open[reference] = true
  addTo('closed', row[9], reference)
  remember(reference, row)
  setRow(reference, row)
end
local function release(reference, row, failed)
  changeTotals(row[14], negated(row[2]), '0')
  count(row[14], row[17], negated(row[2]))
  decide(reference, row)
  row[12] = failed
  finish(reference, row, 'released', nowText)
end
local function showLater(row, visibleAt)
  changeTotals(row[14], row[3], '0')
  row[5] = visibleAt
  addTo('due', visibleAt, 'v' .. row[9] .. '\\n' .. row[14] .. '\\n' .. row[3])
end
local function isOver(row)
  return row[1] == 'reserved' and (tonumber(row[5]) <= now or tonumber(row[4]) < bornAt)
end
local function rowOf(reference, text)
  local row = rows[reference]
  if not row then
    if not text then return nil end
    row = readRow(text)
    rows[reference] = row
    if isOver(row) then release(reference, row, '') end
  elseif type(row) == 'string' then
    row = readRow(row)
    rows[reference] = row
  end
  return row
end
local makers = {}
local basis, group = {}, nil
makers[119] = function()
  return function(operation)
    local name, limitEpoch, limit, sendsFor = operation:match('^w\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(%d+)$')
    basis = { name = name, wallet = walletOf(name), isStale = limitEpoch ~= epoch, sendsFor = sendsFor }
    basis.limit, basis.smallLimit = limit, #limit > 30 and math.huge or small(limit)
    basis.wallet.isInReply = false
    if group then group.activeBefore = group.activeBefore or activeOf(basis.wallet) end
    basis.sent = '\\n\\n' .. nowText .. '\\n\\n' .. nowText .. '\\n' .. sendsFor .. '\\n\\n'
    basis.reserved = '\\n\\n' .. nowText .. '\\n'
    basis.afterSequence = '\\n\\n\\n\\n\\n' .. name .. '\\n'
  end
end
makers[108] = function()
  return function(operation)
    local day, start, finish, perDay, perPayee, since =
      operation:match('^l\\n(%d+)\\n(%-?%d+)\\n(%-?%d+)\\n(%d*)\\n(%d*)\\n(1?)$')
    basis.limits = {
      day = day, startAt = tonumber(start), endAt = tonumber(finish), perDay = perDay, perPayee = perPayee,
      sinceStart = since == '1'
    }
  end
end
makers[97] = function()
  return function(operation)
    redis.call('HSET', base .. 'wallet:' .. operation:sub(3), 'limitsEpoch', epoch)
    return ''
  end
end
makers[104] = function()
  local function activeWith(wallet, amount)
    local smallAmount, smallActive = small(amount), wallet.smallActive
    if smallAmount and smallActive and wallet.smallCaptured and basis.smallLimit then
      local sum = smallActive + smallAmount
      if sum + wallet.smallCaptured > basis.smallLimit then return nil, nil end
      if sum < 1e14 then return sum, nil end
      return nil, whole(sum)
    end
    local active = add(activeOf(wallet), amount)
    if not atMost(add(active, wallet.captured), basis.limit) then return nil, nil end
    return nil, active
  end
  local function isAbove(limit, used, amount)
    return limit ~= '' and not atMost(add(used, amount), limit)
  end
  local function refusalByLimits(limits, amount, payee)
    if now < limits.startAt or now >= limits.endAt then return 'stale_day' end
    if bornAt > limits.startAt and not limits.sinceStart
        and redis.call('HGET', base .. 'wallet:' .. basis.name, 'limitsEpoch') ~= epoch then
      return 'limits_unknown\\n' .. whole(bornAt)
    end
    if payee ~= '' then
      local used = counterOf(limits.day, basis.name, payee)[1]
      if isAbove(limits.perPayee, used, amount) then return 'over_limit\\nperPayee\\n' .. used end
    end
    local used = counterOf(limits.day, basis.name, '')[1]
    if isAbove(limits.perDay, used, amount) then return 'over_limit\\nperDay\\n' .. used end
    return nil
  end
  local function isSamePayout(row, again)
    return row[14] == again[14] and row[2] == again[2] and readRest(row) == (readRest(again))
  end
  return function(operation, reference, text, key)
    local amount, expiresIn, rest = operation:match('^h\\n(%d+)\\n(%d*)\\n(.*)$')
    local wallet, state = basis.wallet, expiresIn == '' and 'sent' or 'reserved'
    local row = (text or rows[reference]) and rowOf(reference, text)
    local again
    if row then
      local attempt, counted, own = rest:match('^([^\\n]*)\\n\\n([^\\n]*)\\n(.*)$')
      again = { '', amount, '', nowText, '', '', '', '', '', '', '', '', '', basis.name, attempt, '', counted, own }
      local isSame, isOwn = isSamePayout(row, again), row[15] == attempt
      if isSame and isOwn and row[1] == state and row[16] == '' then
        return 'already_held\\n' .. totalsOf(wallet) .. '\\n' .. writeRow(row)
      end
      if not isSame or isOwn or not isUnsent(row) then return 'exists\\n' .. writeRow(row) end
    end
    if wallet.frozen then return 'frozen\\n' .. wallet.frozen end
    if basis.isStale then return 'stale_epoch\\n' .. totalsOf(wallet) end
    if recoveringForMs > 0 then return 'recovering' end
    local counted
    if basis.limits then
      counted = rest:match('^[^\\n]*\\n\\n([^\\n]*)')
      local refusal = refusalByLimits(basis.limits, amount, counted:match(' (.*)$'))
      if refusal then return refusal end
    end
    local smallActive, active = activeWith(wallet, amount)
    if not smallActive and not active then return 'insufficient\\n' .. totalsOf(wallet) end
    local answer = wallet.isInReply and not again and '+' or 'held\\n' .. totalsOf(wallet)
    local dueAt = expiresIn == '' and '' or whole(now + tonumber(expiresIn))
    if again then
      again[1], again[5] = state, dueAt
      if state == 'sent' then again[6], again[7] = nowText, basis.sendsFor end
      local turn = whole(turnOf(row) + 1)
      local fingerprint, _, currency, metadata = readRest(again)
      again[18] = fingerprint .. '\\n' .. turn .. '\\n' .. currency .. '\\n' .. metadata
      open(reference, again)
      return answer .. '\\n' .. turn
    end
    if counted then count(basis.name, counted, amount) end
    local at, new = nextSequence(), nil
    if dueAt == '' then
      new = 'sent\\n' .. amount .. basis.sent .. at .. basis.afterSequence .. rest
    else
      new = 'reserved\\n' .. amount .. basis.reserved .. dueAt .. '\\n\\n\\n\\n' .. at .. basis.afterSequence .. rest
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
makers[98] = function()
  return function(operation, reference, text)
    local policy, attempt = operation:match('^%l\\n(%l+)\\n([^\\n]*)$')
    group = {
      policy = policy, attempt = attempt, at = #reply + 1,
      isSplit = reference ~= nil, reference = reference, source = reference and rowOf(reference, text)
    }
    for at, known in ipairs(texts) do
      if known then rowOf(KEYS[at + 3 - 1]:sub(#holdBase + 1), known) end
    end
    return ''
  end
end
makers[109] = makers[98]
local function areAllHeld()
  for at = group.at + 1, #reply do
    local outcome = reply[at]:match('^[^\\n]*')
    if outcome ~= '+' and outcome ~= 'held' and outcome ~= 'already_held' then return false end
  end
  return true
end
local function lessenSource()
  local taken, row = add(activeOf(basis.wallet), negated(group.activeBefore)), group.source
  if taken == '0' then return true end
  if not row or row[1] ~= 'reserved' or row[15] ~= group.attempt or row[14] ~= basis.name
      or not atMost(taken, row[2]) then
    return false
  end
  if taken == row[2] then
    release(group.reference, row, '')
  else
    changeTotals(row[14], negated(taken), '0')
    count(row[14], row[17], negated(taken))
    row[2] = add(row[2], negated(taken))
    setRow(group.reference, row)
  end
  return true
end
local function endBatch()
  local isGranted = (group.policy ~= 'all' or areAllHeld()) and (not group.isSplit or lessenSource())
  local row = group.source and '\\n' .. writeRow(group.source) or ''
  reply[group.at] = (isGranted and 'granted' or 'refused') .. row
  return isGranted
end
makers[116] = function()
  return function(operation)
    local wallet = walletOf(operation:sub(3))
    return wallet.frozen and totalsOf(wallet) .. '\\n' .. wallet.frozen or totalsOf(wallet)
  end
end
makers[102] = function()
  return function(operation)
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
end
makers[103] = function()
  return function(_, reference, text)
    if text and not rows[reference] and text:byte(1) ~= 114 then return text end
    local row = rowOf(reference, text)
    return row and writeRow(row) or ''
  end
end
makers[115] = function()
  local function transition(row, to, attempt)
    local state = row[1]
    if to == 'reserved' or to == 'sent' then return state == 'reserved' and 'done' or 'illegal' end
    if to == 'returned' then return state == 'sent' and 'done' or state == 'captured' and 'already' or 'illegal' end
    if isOpen(row) then return 'done' end
    if to == 'captured' then return state == 'captured' and 'already' or attempt ~= '' and 'late' or 'illegal' end
    if state == 'released' then return 'already' end
    return to == 'failed' and (row[13] == '1' or row[12] == '1') and 'already' or 'illegal'
  end
  local function refusalToSend(row, checkEpoch, checkLimit)
    local wallet = walletOf(row[14])
    if wallet.frozen then return 'frozen\\n' .. wallet.frozen end
    if checkEpoch == '' then return nil end
    if checkEpoch ~= epoch then return 'stale_epoch\\n' .. totalsOf(wallet) end
    if atMost(add(activeOf(wallet), wallet.captured), checkLimit) then return nil end
    return 'insufficient\\n' .. totalsOf(wallet)
  end
  local function capture(reference, row, actual, visibleInMs, awaits)
    local held = isOpen(row) and row[2] or '0'
    row[3] = actual == '' and row[2] or actual
    changeTotals(row[14], negated(held), visibleInMs == '0' and row[3] or '0')
    count(row[14], row[17], add(row[3], negated(held)))
    if awaits == '1' then addUndecided(reference, row) else decide(reference, row) end
    row[13], row[12] = awaits, ''
    finish(reference, row, 'captured', nowText)
    if visibleInMs ~= '0' then showLater(row, whole(now + tonumber(visibleInMs))) end
  end
  local function move(reference, row, to, first, second, third)
    if to == 'captured' then return capture(reference, row, first, second, third) end
    if to == 'released' then
      return release(reference, row, row[1] == 'sent' and first ~= '1' and '1' or '')
    end
    if to == 'failed' then return release(reference, row, '1') end
    if to == 'sent' then
      leaveReserved(reference, row)
      row[1], row[6], row[7], row[16] = 'sent', nowText, first, second
      if tonumber(row[9]) <= sifted then addUndecided(reference, row) end
    elseif to == 'returned' then
      local passed = now - tonumber(row[6])
      row[7] = whole(math.min(tonumber(row[7]) or passed, passed))
    else
      row[5] = whole(now + tonumber(first))
      addTo('due', row[5], 'e' .. reference)
    end
    setRow(reference, row)
  end
  local function note(reference, row, to, awaits)
    local isFailed = to == 'failed' and (row[12] == '' or row[13] == '1')
    if not isFailed and not (to == 'captured' and row[13] == '1' and awaits ~= '1') then return end
    local wasUnsent = isUnsent(row)
    decide(reference, row)
    if isFailed then row[12] = '1' end
    if wasUnsent then remember(reference, row) end
    setRow(reference, row)
  end
  local function isOfAnother(row, to, attempt, sender)
    if attempt ~= '' and attempt ~= row[15] then return true end
    if to ~= 'released' or sender == '' or row[1] ~= 'sent' then return false end
    return sender ~= (row[16] == '' and row[15] or row[16])
  end
  return function(operation, reference, text)
    local to, attempt, first, second, third, fourth =
      operation:match('^s\\n(%l+)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n([^\\n]*)\\n(.*)$')
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
    if changedRows[reference] then changedRows[reference] = written end
    return outcome == 'done' and written or outcome .. '\\n' .. written
  end
end
makers[114] = function()
  local function isBehind(row, own)
    if row[14] ~= own[14] or row[1] == 'captured' then return false end
    if row[15] == own[15] then
      return own[1] == 'captured' or own[1] == 'sent' and row[6] == '' and row[12] == ''
    end
    return recoveringForMs > 0 and turnOf(row) < turnOf(own)
  end
  return function(operation, reference, text)
    local own, row = readRow(operation:sub(3)), rowOf(reference, text)
    if row then
      if not isBehind(row, own) then return '' end
      if isOpen(row) then release(reference, row, '') end
    end
    if own[1] == 'captured' then
      local visibleAt, endedAt = own[5], own[8]
      own[9] = nextSequence()
      if own[13] == '1' then addUndecided(reference, own) end
      finish(reference, own, 'captured', endedAt == '' and nowText or endedAt)
      count(own[14], own[17], own[3])
      showLater(own, visibleAt == '' and nowText or visibleAt)
    else
      open(reference, own)
    end
    return ''
  end
end
local due = redis.call('ZRANGEBYSCORE', base .. 'due', '-inf', nowText, 'LIMIT', 0, 1000)
local dueKeys, dueReferences = {}, {}
for _, member in ipairs(due) do
  removed.due[member] = true
  if member:byte(1) == 118 then
    local name, amount = member:match('^v%d+\\n([^\\n]*)\\n(%d+)$')
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
local operations = {}
local keyAt, afterBase, byte, sub = 3 - 1, #holdBase + 1, string.byte, string.sub
local hasNone = { [97] = true, [98] = true, [108] = true, [102] = true, [116] = true, [119] = true }
for at = 9, #ARGV do
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
    reply[#reply + 1] = run(operation, sub(key, afterBase), texts[keyAt - 3 + 1], key)
  end
end
if group and not endBatch() then
  writeStore()
  return reply
end
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
local endedNow = #ended.finished + #ended.unsent
local function forget(list, before)
  local key, keys, times = base .. list, {}, {}
  for index, entry in ipairs(redis.call('LRANGE', key, 0, 2 * endedNow + 9)) do
    local endedAt, reference = entry:match('^(%d+)\\n(.*)$')
    if tonumber(endedAt) > before then break end
    keys[index], times[index] = holdBase .. reference, endedAt
  end
  redis.call('LTRIM', key, #keys, -1)
  local forgotten, closed, undecided = {}, {}, {}
  for index, text in ipairs(readTexts(keys, 1)) do
    local row = text and readRow(text)
    if row and row[8] == times[index] and isUnsent(row) == (list == 'unsent') then
      local reference = keys[index]:sub(#holdBase + 1)
      forgotten[#forgotten + 1] = keys[index]
      closed[#closed + 1] = reference
      if row[11] ~= '' then undecided[#undecided + 1] = undecidedMember(row, reference) end
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
return reply`;
