-- What one lookup reads, in one step of the server: never two versions mixed. Writes nothing.
--
-- KEYS: head, globals, items:versions, items:block:factors, then the blocks of users that are wanted
-- ARGV: field of the user; version that the caller knows, or '' for the user's row alone
-- Reply: {version, {user's blobs}} and, when a version was given, {…, doc, {globals}, {items changed since}, {their blobs}}
local row = {}
for k = 5, #KEYS do
  row[k - 4] = redis.call('HGET', KEYS[k], ARGV[1])
end
local version = redis.call('HGET', KEYS[1], 'version')
if ARGV[2] == '' then
  return {version, row}
end
local changed = redis.call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[2], '+inf')
local blobs = {}
for first = 1, #changed, 5000 do  -- unpack is limited to about 8,000 values
  local part = redis.call('HMGET', KEYS[4], unpack(changed, first, math.min(first + 4999, #changed)))
  for k = 1, #part do
    blobs[first + k - 1] = part[k]
  end
end
return {version, row, redis.call('HGET', KEYS[1], 'doc'), redis.call('HGETALL', KEYS[2]), changed, blobs}
