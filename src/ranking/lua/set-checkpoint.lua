-- Raises a board's checkpoint; never lowers it.
-- KEYS[1] meta hash of the board
-- ARGV[1] checkpoint: every event up to this seq is surely in the ranking
-- Returns 1, or false when the board has no ranking.
--!include record.lua
local base, checkpoint = KEYS[1], ARGV[1]
local meta = redis.call('HMGET', base, 'epoch', 'checkpoint', 'server')
if not meta[1] or meta[3] ~= this_server() then return false end
if tonumber(checkpoint) > tonumber(meta[2]) then
  redis.call('HSET', base, 'checkpoint', checkpoint)
end
return 1
