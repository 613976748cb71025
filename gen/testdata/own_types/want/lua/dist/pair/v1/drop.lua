-- pair.drop v1
local first = KEYS[1]
local which = ARGV[1] or 'first'
redis.call('DEL', first)
return {'DROPPED'}
