---@script pool.release
---@version 1
---Give a permit back, and admit those who wait.
---@key holders   zset  `{name}`, token → end of its lease
---@key pending zset  companion `:pending`, token → arrival number
---@arg token string 1..512 bytes
---@repeat safe
---@reply RELEASED position:integer more:integer granted:list(token:string, fence:integer, lease:integer(ms), fences:integer)  it was ours
---@reply LEFT     gone:list(token:string) position:integer dropped:list(token:string age:integer(ms)) note:string  two lists among other fields
---@reply NOTHELD  granted:list(token:string,fence:integer)
---@error BADARG an argument is wrong

---@arguments

local rows = {}
for i, who in ipairs(redis.call('ZRANGE', pending, 0, 9)) do
  rows[i] = {who, i, 1000, 1}
end
if redis.call('ZREM', holders, token) == 1 then
  return {'RELEASED', 0, #rows, rows}
end
local gone, dropped = {}, {}
if #rows == 0 then
  return {'LEFT', gone, 0, dropped, ''}
end
return {'NOTHELD', rows}
