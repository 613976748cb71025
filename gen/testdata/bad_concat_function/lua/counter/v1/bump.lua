---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
local function next_total()
  return redis.call('INCR', total)
end
local text = 'n=' .. next_total()
return {'TOTAL', redis.call('INCRBY', total, by)}
