-- What one lookup reads, in one step of the server: never two versions mixed. Writes nothing.
--
-- Rows are asked for by id; of a table that the caller keeps, the rows that changed since the version that it knows.
--
-- KEYS: head, globals; the hash of each list of rows; for each table its sorted set of versions and its hashes
-- ARGV: number of lists; for each list its number of fields, and these; for each table its version and number of hashes
-- Reply: {version, {a list of blobs for each list}} and, when there is a table,
--        {…, doc, {globals}, {for each table: {rows it has, ids that changed, their blobs for each hash}}}
local at, key = 1, 2

local function argument()
  at = at + 1
  return ARGV[at - 1]
end

local function blobs(hash, fields, first, last)
  local found = {}
  for start = first, last, 5000 do  -- unpack is limited to about 8,000 values
    local part = redis.call('HMGET', hash, unpack(fields, start, math.min(start + 4999, last)))
    for k = 1, #part do
      found[start - first + k] = part[k]
    end
  end
  return found
end

local rows = {}
for number = 1, tonumber(argument()) do
  local n = tonumber(argument())
  key = key + 1
  rows[number] = blobs(KEYS[key], ARGV, at, at + n - 1)
  at = at + n
end

local version = redis.call('HGET', KEYS[1], 'version')
if key == #KEYS then
  return {version, rows}
end

local tables = {}
while key < #KEYS do
  local known, hashes = argument(), tonumber(argument())
  local changed = redis.call('ZRANGEBYSCORE', KEYS[key + 1], '(' .. known, '+inf')
  local parts = {redis.call('HLEN', KEYS[key + 2]), changed}
  for k = 1, hashes do
    parts[2 + k] = blobs(KEYS[key + 1 + k], changed, 1, #changed)
  end
  tables[#tables + 1] = parts
  key = key + 1 + hashes
end
return {version, rows, redis.call('HGET', KEYS[1], 'doc'), redis.call('HGETALL', KEYS[2]), tables}
