-- Puts standings in their places, unless newer ones of the players are there,
-- in the ranking in use and in the one being built. One whose builder fell
-- silent is dropped: writes would go on filling it.
-- KEYS[1] meta hash of the board
-- ARGV[1] sign: 1 on a descending board, -1 on an ascending one
-- ARGV[2] standings: JSON [[player, score, seq, version, updated_at, name], ...]
-- Returns {epoch, version, rank (0: taken out), previous rank (0: none), rank,
-- ...}, or false when the board has no ranking.
--!include record.lua
local base, sign, standings = KEYS[1], tonumber(ARGV[1]), cjson.decode(ARGV[2])
local meta =
  redis.call('HMGET', base, 'epoch', 'version', 'building', 'changed_at', 'server', 'lease_ends')
local epoch, version, building = meta[1], tonumber(meta[2] or '0'), meta[3]
if meta[5] ~= this_server() then return false end

if building and tonumber(meta[6] or '0') < now_ms() then
  redis.call('UNLINK', sorted_key(base, building), record_key(base, building))
  redis.call('HDEL', base, 'building', 'built_changes', 'builder', 'lease_ends')
elseif building then
  put_into_building(base, building, sign, standings)
end
if not epoch then return false end

-- Each player's record, so that it is read once; a player may come twice.
local sorted, records = sorted_key(base, epoch), {}
local previous = {}
for i, standing in ipairs(standings) do
  local record = record_of(base, epoch, standing[1])
  records[standing[1]] = record
  local rank = record and redis.call('ZREVRANK', sorted, member_of(standing[1], (read_record(record))))
  previous[i] = rank and rank + 1 or 0
end

local changed_at = tonumber(meta[4] or '0')
local changes = 0
for _, standing in ipairs(standings) do
  local grown, record = put(base, epoch, sign, standing, records[standing[1]])
  records[standing[1]] = record
  if grown > 0 then
    changes = changes + grown
    changed_at = math.max(changed_at, standing[5])
  end
end
if changes > 0 then
  version = next_version(base)
  redis.call('HSET', base, 'version', digits(version), 'changed_at', digits(changed_at))
  redis.call('HINCRBY', base, 'changes', digits(changes))
  redis.call('PUBLISH', base, digits(version))
end

local reply = {tonumber(epoch), version}
for i, standing in ipairs(standings) do
  local rank = previous[i]
  if changes > 0 then
    local member = member_of(standing[1], (read_record(records[standing[1]])))
    -- Somebody may have taken the place out: that must not keep the others from theirs.
    local place = redis.call('ZREVRANK', sorted, member)
    rank = place and place + 1 or 0
  end
  reply[#reply + 1] = rank
  reply[#reply + 1] = previous[i]
end
return reply
