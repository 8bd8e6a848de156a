-- Handwritten: one hold, checked and written in one step.
--
-- KEYS[1]  the row of the hold        ARGV[1]  reference
-- KEYS[2]  hash: active, captured     ARGV[2]  wallet
-- KEYS[3]  sorted set of open holds   ARGV[3]  amount, minor units
--                                     ARGV[4]  limit of active + captured
--                                     ARGV[5]  state
--                                     ARGV[6]  metadata, JSON
--
-- Returns { 1, active } held | { 0, active } does not fit | { 2, row } the reference is taken.

local row = redis.call('GET', KEYS[1])
if row then return { 2, row } end
local totals = redis.call('HMGET', KEYS[2], 'active', 'captured')
local active, captured, amount = tonumber(totals[1] or '0'), tonumber(totals[2] or '0'), tonumber(ARGV[3])
if active + captured + amount > tonumber(ARGV[4]) then return { 0, totals[1] or '0' } end
local time = redis.call('TIME')
local now = string.format('%d%03d', time[1], math.floor(time[2] / 1000))
redis.call('SET', KEYS[1], table.concat({ ARGV[2], ARGV[5], ARGV[3], now, now, ARGV[6] }, '\n'))
redis.call('HINCRBY', KEYS[2], 'active', ARGV[3])
redis.call('ZADD', KEYS[3], now, ARGV[1])
return { 1, totals[1] or '0' }
