-- Reads a note.
--
-- KEYS[1]  '{prefix}:notes', a hash: the notes by their keys
-- KEYS[2]  '{prefix}:store', see batch.lua
-- ARGV[1]  the key of the note
--
-- Returns  the note; nil if there is none.
--
-- Atomic, so that the note is of the version that was read.

-- @include protocol.lua

local refusal = refusalOf(redis.call('HGET', KEYS[2], 'protocol'))
if refusal then return refusal end
return redis.call('HGET', KEYS[1], ARGV[1])
