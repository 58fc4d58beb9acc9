-- What one lookup reads, in one step of the server: never two versions mixed. Writes nothing.
--
-- Rows are asked for by id; of a table that the caller keeps, the rows that changed since the version that it knows.
--
-- KEYS: head, globals; for each list of rows its side's sorted set of versions and its hash;
--       for each table its sorted set of versions and its hashes
-- ARGV: version that the caller has, 0 for none, and its lineage; number of lists; for each list its number of fields,
--       and these; for each table its version and number of hashes
-- Reply: {version, lineage, whether the rows are also those of the caller's version, {a list of blobs for each list}} and,
--        when there is a table, {…, doc, {globals}, {for each table: {rows it has, how many changed, their ids, their
--        blobs for each hash}}}; without ids and blobs when there are many, which would hold the server up
local MANY = 1000
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

local known, of, lists = tonumber(argument()), argument(), tonumber(argument())
local version, lineage = unpack(redis.call('HMGET', KEYS[1], 'version', 'lineage'))
lineage = lineage or ''
local older = version and 0 < known and known < tonumber(version) and of == lineage

local function as_known(versions, first, last)
  for k = first, last do
    local changed = redis.call('ZSCORE', versions, ARGV[k])
    if not changed or tonumber(changed) > known then
      return false
    end
  end
  return true
end

local rows = {}
for number = 1, lists do
  local n = tonumber(argument())
  older = older and as_known(KEYS[key + 1], at, at + n - 1)
  rows[number] = blobs(KEYS[key + 2], ARGV, at, at + n - 1)
  at, key = at + n, key + 2
end

local reply = {version, lineage, older and 1 or 0, rows}
if key == #KEYS then
  return reply
end

local tables = {}
while key < #KEYS do
  local known, hashes = argument(), tonumber(argument())
  local parts = {redis.call('HLEN', KEYS[key + 2]), redis.call('ZCOUNT', KEYS[key + 1], '(' .. known, '+inf')}
  if parts[2] <= MANY then
    parts[3] = redis.call('ZRANGEBYSCORE', KEYS[key + 1], '(' .. known, '+inf')
    for k = 1, hashes do
      parts[3 + k] = blobs(KEYS[key + 1 + k], parts[3], 1, #parts[3])
    end
  end
  tables[#tables + 1] = parts
  key = key + 1 + hashes
end
reply[5], reply[6], reply[7] = redis.call('HGET', KEYS[1], 'doc'), redis.call('HGETALL', KEYS[2]), tables
return reply
