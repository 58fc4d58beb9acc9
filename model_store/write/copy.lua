-- Copy a page of a hash or a sorted set that is not written meanwhile.
--
-- KEYS: what is copied; the copy; the set of stage keys
-- ARGV: cursor, 0 at first; 'HSCAN' or 'ZSCAN'; about how many entries
-- Reply: cursor of the next page, 0 at the end
if ARGV[1] == '0' then
  redis.call('UNLINK', KEYS[2])
  redis.call('SADD', KEYS[3], KEYS[2])
end
local found = redis.call(ARGV[2], KEYS[1], ARGV[1], 'COUNT', ARGV[3])
local entries = found[2]
if ARGV[2] == 'ZSCAN' then  -- which gives the member first, where ZADD wants the score
  for k = 1, #entries, 2 do
    entries[k], entries[k + 1] = entries[k + 1], entries[k]
  end
end
for first = 1, #entries, 4000 do  -- unpack is limited to about 8,000 values
  local last = math.min(first + 3999, #entries)
  redis.call(ARGV[2] == 'ZSCAN' and 'ZADD' or 'HSET', KEYS[2], unpack(entries, first, last))
end
return found[1]
