-- What changed since a version, in one step of the server; nothing but its size when that is too much for one step.
--
-- KEYS: head, globals, metrics, users:versions, items:versions, then the blocks of users, then those of items
-- ARGV: version that the caller knows; most rows of one step; number of users' blocks; '1' to return all users too
-- Reply: {head, users changed, items changed} and, when it is not too much, {…, globals, metrics, users' blobs, items'
-- blobs, all users}; blobs are lists by block
local changed = {}
for side = 1, 2 do
  changed[side] = redis.call('ZRANGEBYSCORE', KEYS[3 + side], '(' .. ARGV[1], '+inf')
end
local head = redis.call('HGETALL', KEYS[1])
if #changed[1] + #changed[2] > tonumber(ARGV[2]) then
  return {head, changed[1], changed[2]}
end
local function blobs(names, first, last)
  local found = {}
  for k = first, last do
    local block = {}
    for from = 1, #names, 5000 do  -- unpack is limited to about 8,000 values
      local part = redis.call('HMGET', KEYS[k], unpack(names, from, math.min(from + 4999, #names)))
      for n = 1, #part do
        block[from + n - 1] = part[n]
      end
    end
    found[k - first + 1] = block
  end
  return found
end
local last = 5 + tonumber(ARGV[3])
return {
  head, changed[1], changed[2], redis.call('HGETALL', KEYS[2]), redis.call('HGETALL', KEYS[3]),
  blobs(changed[1], 6, last), blobs(changed[2], last + 1, #KEYS),
  ARGV[4] == '1' and redis.call('ZRANGE', KEYS[4], 0, -1) or {},
}
