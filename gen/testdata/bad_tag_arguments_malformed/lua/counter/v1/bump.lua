---@script counter.bump
---@version 1
---Adds to a counter.
---@key total counter `{name}`
---@arg by integer 1..9
---@reply BUMPED total:integer
---@error BADARG an argument is wrong

local function f()
  ---@arguments
  return by
end
  ---@arguments here
return {'BUMPED', redis.call('INCRBY', total, f())}
