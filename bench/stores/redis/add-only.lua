-- By hand, and too little: adds to a total if it fits. No reference, so a repeated payout is paid twice; no row, so nobody knows
-- afterwards what was held.
--
-- KEYS[1]  the total     ARGV[1]  amount     ARGV[2]  what the total may reach
--
-- Returns 1 added | 0 does not fit.

if tonumber(redis.call('GET', KEYS[1]) or '0') + tonumber(ARGV[1]) > tonumber(ARGV[2]) then return 0 end
redis.call('INCRBY', KEYS[1], ARGV[1])
return 1
