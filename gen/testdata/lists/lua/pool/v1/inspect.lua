---@script pool.inspect
---@version 1
---Who holds a permit.
---@key holders zset  `{name}`, token → end of its lease
---@arg n integer 0..100 = 10, holders to list
---@readonly
---@reply STATUS used:integer holders:list(token:string, until:integer(ms))
---@error BADARG an argument is wrong

---@arguments

local list = {}
local found = redis.call('ZRANGE', holders, 0, n - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  list[#list + 1] = {found[i], tonumber(found[i + 1])}
end
return {'STATUS', redis.call('ZCARD', holders), list}
