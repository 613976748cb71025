---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL total:integer

local total = KEYS[1]
local function f()
  return ...
end
local function g(...)
  return ..., function() return ... end
end
if total then
  break
end
while f() do
  local h = function() do break end end
  break
end
return {"TOTAL", redis.call("INCR", total)}
