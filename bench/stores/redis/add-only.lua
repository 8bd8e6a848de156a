-- Handwritten, and too little: adds to a total if it fits. It has no reference, so a repeated payout is paid twice. It
-- writes no row, so there is no record of the holds.
--
-- KEYS[1]  the total     ARGV[1]  amount     ARGV[2]  limit of the total
--
-- Returns 1 added | 0 does not fit.

if tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return 0 end
redis.call('INCRBY', KEYS[1], ARGV[1])
return 1
