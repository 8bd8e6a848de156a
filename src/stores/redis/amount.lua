-- Exact sums of amounts in minor units. Numbers of Lua are doubles, exact to 2^53, and amounts reach 2^63 - 1, so
-- amounts are decimal text: digits without leading zeros, with a minus sign when negative. Up to 15 digits a double is
-- exact, and fast; what is longer is summed in limbs of 14 digits, which leaves room for the carry.

local LIMB = 14
local LIMB_BASE = 1e14

-- Both not negative.
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

-- Both not negative, and a not less than b.
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

-- Returns true if a <= b.
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

-- As a number, if sums of a few of its size are exact; else nil.
local SMALL = 1e14
local function small(a)
  return #a <= 14 and tonumber(a) or nil
end
