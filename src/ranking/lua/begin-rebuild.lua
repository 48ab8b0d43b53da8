-- Begins to build a new epoch of a board's ranking, one builder at a time.
-- KEYS[1] meta hash of the board
-- ARGV[1] builder: who builds
-- ARGV[2] epoch: greater than the one in use
-- ARGV[3] lease: ms after which a builder that fell silent is given up
-- Returns 1, or 0 when somebody else is building or has built as late an epoch.
--!include record.lua
local base, builder, epoch, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local server = this_server()
local meta = redis.call('HMGET', base, 'building', 'builder', 'lease_ends', 'epoch', 'server')
local building, lease_ends, old, old_server = meta[1], tonumber(meta[3] or '0'), meta[4], meta[5]
if old and old_server == server and tonumber(epoch) <= tonumber(old) then return 0 end
if building and old_server == server and meta[2] ~= builder and lease_ends > now_ms() then return 0 end
if building then redis.call('UNLINK', sorted_key(base, building), record_key(base, building)) end
redis.call('UNLINK', sorted_key(base, epoch), record_key(base, epoch))
if old and old_server ~= server then
  redis.call('UNLINK', sorted_key(base, old), record_key(base, old))
  redis.call('HDEL', base, 'epoch')
end
redis.call('HSET', base, 'server', server, 'building', epoch, 'builder', builder,
  'lease_ends', digits(now_ms() + lease), 'built_changes', '0')
return 1
