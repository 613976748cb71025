---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return integer

local function count(key)
  return redis.call('INCR', key)
end
return count(KEYS[1]) + count(KEYS[1] .. ':more')
