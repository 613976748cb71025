---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@return float

return tonumber(redis.call('GET', KEYS[1])) / 2
