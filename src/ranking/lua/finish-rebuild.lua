-- Puts the epoch that was built in the place of the one in use.
-- KEYS[1] meta hash of the board
-- ARGV[1] epoch: the one being built
-- ARGV[2] checkpoint: every event up to this seq is surely in it
-- Returns 1, or 0 when this epoch is no longer being built.
--!include record.lua
local base, epoch, checkpoint = KEYS[1], ARGV[1], ARGV[2]
local meta = redis.call('HMGET', base, 'building', 'server')
if meta[1] ~= epoch or meta[2] ~= this_server() then return 0 end
local old = redis.call('HGET', base, 'epoch')
local version = next_version(base)
local changes = redis.call('HGET', base, 'built_changes')
redis.call('HSET', base, 'epoch', epoch, 'checkpoint', checkpoint, 'version', digits(version),
  'changes', changes)
redis.call('HSETNX', base, 'changed_at', '0')
redis.call('HDEL', base, 'building', 'built_changes', 'builder', 'lease_ends')
if old then redis.call('UNLINK', sorted_key(base, old), record_key(base, old)) end
redis.call('PUBLISH', base, digits(version))
return 1
