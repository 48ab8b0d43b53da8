-- Goes one step through what a board's ranking holds.
-- KEYS[1] meta hash of the board
-- ARGV[1] sign: 1 on a descending board, -1 on an ascending one
-- ARGV[2] part: 'records', for the players that have one, or 'order', for
--   places that are not those of their players' records
-- ARGV[3] cursor: 0 at first, then what the step before returned
-- ARGV[4] count: about how many to look at
-- Returns {epoch, version, next cursor ('0': this was the last step), then
-- players, or for each place player, score, seq}; false when the board has no
-- ranking.
--!include record.lua
local base, sign, part, cursor, count =
  KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3], ARGV[4]
local meta = redis.call('HMGET', base, 'epoch', 'version', 'server')
local epoch = meta[1]
if not epoch or meta[3] ~= this_server() then return false end

local sorted, records = sorted_key(base, epoch), record_key(base, epoch)
local isOrder = part == 'order'
local found = isOrder and redis.call('ZSCAN', sorted, cursor, 'COUNT', count)
  or redis.call('HSCAN', records, cursor, 'COUNT', count)
local reply = {tonumber(epoch), tonumber(meta[2]), found[1]}
for i = 1, #found[2], 2 do
  local name, value = found[2][i], found[2][i + 1]
  local at = #reply
  if not isOrder then
    reply[at + 1] = name
  else
    local player = string.sub(name, 8)
    local record = redis.call('HGET', records, player)
    if not record or string.sub(record, 1, 7) .. player ~= name then
      reply[at + 1], reply[at + 2] = player, string.format('%.17g', sign * tonumber(value) + 0)
      reply[at + 3] = #name < 7 and '0' or digits(MAX_SEQ - struct.unpack('>I7', name))
    end
  end
end
return reply
