-- Changes a note if it is what the caller expects.
--
-- KEYS[1]  '{prefix}:notes', a hash: the notes by their keys
-- KEYS[2]  '{prefix}:store', see batch.lua
-- ARGV[1]  the key of the note
-- ARGV[2]  what it must be now; '' if there must be none: no note is empty
-- ARGV[3]  what it is to be; '' deletes it
--
-- Returns  1 if it was changed, or is as it was to be; else 0.
--
-- Atomic, so that one of several callers that expect the same succeeds.

-- @include protocol.lua

local refusal = refusalOf(redis.call('HGET', KEYS[2], 'protocol'))
if refusal then return refusal end
if (redis.call('HGET', KEYS[1], ARGV[1]) or '') ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
