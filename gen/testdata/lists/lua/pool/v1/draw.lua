---@script pool.draw
---@version 1
---Draw one, each time another.
---@key holders zset  `{name}`, token → end of its lease
---@repeat unsafe
---@reply DRAWN token:string
---@error BADARG an argument is wrong

---@arguments

local drawn = redis.call('ZPOPMIN', holders)
return {'DRAWN', drawn[1] or ''}
