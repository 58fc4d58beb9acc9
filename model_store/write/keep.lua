-- Stage the rows of a side that are not staged yet, a page of them: those that a checkpoint does not change.
--
-- KEYS: the set of stage keys; the version marks, and their stage; each block of rows, and its stage
-- ARGV: cursor, 0 at first; about how many rows
-- Reply: cursor of the next page, 0 at the end; how many marks were added, and how many rows to each block
local found = redis.call('ZSCAN', KEYS[2], ARGV[1], 'COUNT', ARGV[2])
local reply = {found[1]}
for k = 3, #KEYS, 2 do
  redis.call('SADD', KEYS[1], KEYS[k])
  reply[#reply + 1] = 0
end
for first = 1, #found[2], 4000 do  -- unpack is limited to about 8,000 values
  local names, marks, missing = {}, {}, {}
  for k = first, math.min(first + 3999, #found[2]), 2 do
    names[#names + 1] = found[2][k]
  end
  for k, mark in ipairs(redis.call('ZMSCORE', KEYS[3], unpack(names))) do
    if not mark then
      missing[#missing + 1] = names[k]
      marks[#marks + 1] = found[2][first + 2 * k - 1]
      marks[#marks + 1] = names[k]
    end
  end
  if #missing > 0 then
    reply[2] = reply[2] + redis.call('ZADD', KEYS[3], unpack(marks))
    for block = 4, #KEYS, 2 do
      local rows = {}
      for k, row in ipairs(redis.call('HMGET', KEYS[block], unpack(missing))) do
        if row then  -- of an item that was removed, only the mark is there
          rows[#rows + 1] = missing[k]
          rows[#rows + 1] = row
        end
      end
      if #rows > 0 then
        local at = block / 2 + 1
        reply[at] = reply[at] + redis.call('HSET', KEYS[block + 1], unpack(rows))
      end
    end
  end
end
return reply
