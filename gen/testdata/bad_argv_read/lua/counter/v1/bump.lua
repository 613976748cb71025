---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9
---@arg note string 0..9 bytes = ""
---@reply TOTAL total:integer
---@error BADARG by is out of its range

local early = ARGV[1]
---@arguments
local raw, n, all, none = ARGV[1], #ARGV, ARGV, ARGV[3]
local maybe = ARGV[2]
for i = 1, n do
  none = ARGV[i]
end
return {'TOTAL', redis.call('INCRBY', total, raw)}
