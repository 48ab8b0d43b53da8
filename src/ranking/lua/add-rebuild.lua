-- Adds standings to the epoch that is being built.
-- KEYS[1] meta hash of the board
-- ARGV[1] epoch: the one being built
-- ARGV[2] lease: ms after which a builder that fell silent is given up
-- ARGV[3] sign: 1 on a descending board, -1 on an ascending one
-- ARGV[4] standings: JSON [[player, score, seq, version, updated_at, name], ...]
-- Returns 1, or 0 when this epoch is no longer being built.
--!include record.lua
local base, epoch, lease, sign, standings =
  KEYS[1], ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), cjson.decode(ARGV[4])
local meta = redis.call('HMGET', base, 'building', 'server')
if meta[1] ~= epoch or meta[2] ~= this_server() then return 0 end
local changed_at = tonumber(redis.call('HGET', base, 'changed_at') or '0')
for _, standing in ipairs(standings) do changed_at = math.max(changed_at, standing[5]) end
put_into_building(base, epoch, sign, standings)
redis.call('HSET', base, 'lease_ends', digits(now_ms() + lease), 'changed_at', digits(changed_at))
return 1
