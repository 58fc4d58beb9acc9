-- Keep what some fields of a hash hold now, before they change; what was kept first counts.
--
-- KEYS: the hash; the undo record
-- ARGV: name of the hash; '1' when all fields there are kept too, else '0'; fields. A field that is not there is kept as ''
local function keep(name, value)
  redis.call('HSETNX', KEYS[2], ARGV[1] .. ' ' .. name, value or '')
end
if ARGV[2] == '1' then
  local all = redis.call('HGETALL', KEYS[1])
  for k = 1, #all, 2 do
    keep(all[k], all[k + 1])
  end
end
for k = 3, #ARGV do
  keep(ARGV[k], redis.call('HGET', KEYS[1], ARGV[k]))
end
