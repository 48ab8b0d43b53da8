-- Compares what a board's ranking holds of some players with what it should.
-- KEYS[1] meta hash of the board
-- ARGV[1] sign: 1 on a descending board, -1 on an ascending one
-- ARGV[2] players: JSON [player, ...]
-- ARGV[3] digest: SHA-1 of what it should hold: for each player the record's
--   length, ':', the record, the score's digits ('' without a place) and ';', or '-'
-- Returns {epoch, version, players, places}, and if the digest is another one
-- for each player version (0: no record), seq, updated_at, name, score ('':
-- no place); false when the board has no ranking.
--!include record.lua
local base, sign, players, digest = KEYS[1], tonumber(ARGV[1]), cjson.decode(ARGV[2]), ARGV[3]
local meta = redis.call('HMGET', base, 'epoch', 'version', 'server')
local epoch = meta[1]
if not epoch or meta[3] ~= this_server() then return false end

local sorted, records = sorted_key(base, epoch), record_key(base, epoch)
local reply =
  {tonumber(epoch), tonumber(meta[2]), redis.call('HLEN', records), redis.call('ZCARD', sorted)}
if #players == 0 then return reply end
local recorded = redis.call('HMGET', records, unpack(players))
local scores, parts = {}, {}
for i, player in ipairs(players) do
  local record = recorded[i]
  -- Nobody could read a shorter one.
  if record and #record < 19 then recorded[i], record = false, false end
  if record then
    local score = redis.call('ZSCORE', sorted, string.sub(record, 1, 7) .. player)
    -- Exact to the last digit, also of what is no integer. Plus 0: no "-0".
    scores[i] = score and string.format('%.17g', sign * tonumber(score) + 0) or ''
    parts[i] = #record .. ':' .. record .. scores[i] .. ';'
  else
    parts[i] = '-'
  end
end
if redis.sha1hex(table.concat(parts)) == digest then return reply end

for i = 1, #players do
  local version, seq, updated_at, name = 0, 0, 0, ''
  if recorded[i] then seq, version, updated_at, name = read_record(recorded[i]) end
  local at = #reply
  reply[at + 1], reply[at + 2], reply[at + 3] = version, digits(seq), updated_at
  reply[at + 4], reply[at + 5] = name, scores[i] or ''
end
return reply
