-- Included by the scripts that touch records.
--
-- A board has a meta hash (the script's KEYS[1]) and, for each epoch, a sorted
-- set and a hash of records. All keys share the board's hash tag.
--   meta: epoch in use, version, checkpoint, changed_at (ms), changes (sum of
--     the records' versions); server that the ranking was built on; building (an
--     epoch), its built_changes, builder and lease_ends (ms)
--   sorted set: member = 7 bytes of inverted seq .. player, so that of equal
--     scores the lower seq comes first in ZREVRANGE; score is negated on
--     ascending boards, so that ZREVRANGE is always best first
--   player: the id, or its short form (redis-player.ts)
--   record: player -> inverted seq (7 bytes), version (6), time in ms (6), name
local MAX_SEQ = 9007199254740991

local function sorted_key(base, epoch) return base .. ':z:' .. epoch end
local function record_key(base, epoch) return base .. ':r:' .. epoch end

local function member_of(player, seq) return struct.pack('>I7', MAX_SEQ - seq) .. player end

local function read_record(record)
  local inverted, version, updated_at = struct.unpack('>I7I6I6', record)
  return MAX_SEQ - inverted, version, updated_at, string.sub(record, 20)
end

-- Which of the layouts there have been is that above.
local LAYOUT = '/2'

-- The Redis process that runs this, and the layout. A ranking counts only on the
-- one that it was built on: any other may have lost writes, because it came back
-- from an older file or is a replica that lagged behind. Costs 7 µs.
local function this_server()
  return (string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or 'unknown') .. LAYOUT
end

-- Numbers as digits: Lua's own conversion would round them.
local function digits(number) return string.format('%.0f', number) end

-- False when there is none.
local function record_of(base, epoch, player)
  return redis.call('HGET', record_key(base, epoch), player)
end

-- Writes {player, score, seq, version, updated_at, name} unless a copy as new is
-- there; old: the player's record, or false. Returns by how much the player's
-- version grew, 0 when nothing changed, and the record that is there now.
local function put(base, epoch, sign, standing, old)
  local player, score, seq, version, updated_at, name = unpack(standing)
  local sorted, records = sorted_key(base, epoch), record_key(base, epoch)
  local old_seq, old_version = nil, 0
  if old then
    old_seq, old_version = read_record(old)
    if old_version >= version then return 0, old end
    if old_seq ~= seq then redis.call('ZREM', sorted, member_of(player, old_seq)) end
  end
  redis.call('ZADD', sorted, digits(sign * score), member_of(player, seq))
  local new = struct.pack('>I7I6I6', MAX_SEQ - seq, version, updated_at) .. name
  redis.call('HSET', records, player, new)
  return version - old_version, new
end

-- Puts standings into the epoch that is being built.
local function put_into_building(base, building, sign, standings)
  local grown = 0
  for _, standing in ipairs(standings) do
    local old = record_of(base, building, standing[1])
    grown = grown + put(base, building, sign, standing, old)
  end
  redis.call('HINCRBY', base, 'built_changes', digits(grown))
end

local function now_ms()
  local now = redis.call('TIME')
  return now[1] * 1000 + math.floor(now[2] / 1000)
end

-- A new version: the time in microseconds, or one more than the last. It goes
-- on growing when Redis falls back to an older copy.
local function next_version(base)
  local now = redis.call('TIME')
  local last = tonumber(redis.call('HGET', base, 'version') or '0')
  return math.max(last + 1, now[1] * 1000000 + now[2])
end
