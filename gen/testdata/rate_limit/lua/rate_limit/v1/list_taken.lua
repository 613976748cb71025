---@script rate_limit.list_taken
---@version 1
---What was taken in the window.
---@key window  zset  `{name}`, id → when it was taken, in ms
---@key stats   hash  companion `:stats`, outcome → how often
---@arg limit   integer  0..100 = 10, how many to list
---@reply LISTED refused:string taken:list(id:string age:integer(ms))
---@error BADARG an argument is out of its range

---@arguments

---@include clock

local rows = {}
local found = redis.call('ZRANGE', window, 0, limit - 1, 'WITHSCORES')
for i = 1, #found, 2 do
  rows[#rows + 1] = {found[i], now_ms() - tonumber(found[i + 1])}
end
return {'LISTED', redis.call('HGET', stats, 'refused') or '0', rows}
