-- Reads part of a board, best first.
-- KEYS[1] meta hash of the board
-- ARGV[1] sign: 1 on a descending board, -1 on an ascending one
-- ARGV[2] offset: how many to leave out at the top
-- ARGV[3] limit: how many to read at most
-- ARGV[4] player: shown in the middle instead of the offset, unless empty
-- Returns {epoch, version, total, changed_at, changes, offset, then for each
-- standing player, score, seq, version, updated_at, name}; false when the board
-- has no ranking; 0 when the player is not on it. What somebody took out of the
-- one key and left in the other must not keep the rest from being read: a record
-- without a place is none, a place without a record is shown as it is.
--!include record.lua
local base, sign, offset, limit, player =
  KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local meta = redis.call('HMGET', base, 'epoch', 'version', 'changed_at', 'server', 'changes')
local epoch = meta[1]
if not epoch or meta[4] ~= this_server() then return false end

local sorted, records = sorted_key(base, epoch), record_key(base, epoch)
local total = redis.call('ZCARD', sorted)
if player ~= '' then
  local record = redis.call('HGET', records, player)
  if not record then return 0 end
  local rank = redis.call('ZREVRANK', sorted, member_of(player, (read_record(record))))
  if not rank then return 0 end
  offset = math.max(0, math.min(rank - math.floor((limit - 1) / 2), total - limit))
end

local reply =
  {tonumber(epoch), tonumber(meta[2]), total, tonumber(meta[3]), tonumber(meta[5] or '0'), offset}
if limit < 1 then return reply end
local found = redis.call('ZREVRANGE', sorted, offset, offset + limit - 1, 'WITHSCORES')
if #found == 0 then return reply end
local players = {}
for i = 1, #found, 2 do players[#players + 1] = string.sub(found[i], 8) end
local recorded = redis.call('HMGET', records, unpack(players))
for i = 1, #players do
  local record = recorded[i] or string.sub(found[2 * i - 1], 1, 7) .. string.rep('\0', 12)
  local seq, version, updated_at, name = read_record(record)
  local at = #reply
  -- As digits: ioredis rounds integers near 2^53. Plus 0: no "-0".
  local score = digits(sign * tonumber(found[2 * i]) + 0)
  reply[at + 1], reply[at + 2], reply[at + 3] = players[i], score, seq
  reply[at + 4], reply[at + 5], reply[at + 6] = version, updated_at, name
end
return reply
