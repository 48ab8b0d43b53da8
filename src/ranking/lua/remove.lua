-- Removes all of a board's ranking.
-- KEYS[1] meta hash of the board
-- Returns how many keys there were.
--!include record.lua
local base = KEYS[1]
local keys = {base}
for _, epoch in ipairs(redis.call('HMGET', base, 'epoch', 'building')) do
  if epoch then
    keys[#keys + 1] = sorted_key(base, epoch)
    keys[#keys + 1] = record_key(base, epoch)
  end
end
return redis.call('UNLINK', unpack(keys))
