-- Tells how far a board's ranking is.
-- KEYS[1] meta hash of the board
-- Returns {epoch, version, checkpoint}, or false when the board has no ranking.
--!include record.lua
local base = KEYS[1]
local meta = redis.call('HMGET', base, 'epoch', 'version', 'checkpoint', 'server')
if not meta[1] or meta[4] ~= this_server() then return false end
return {meta[1], meta[2], meta[3]}
