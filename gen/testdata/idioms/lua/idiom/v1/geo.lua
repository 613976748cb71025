---@script idiom.geo
---@version 1
---What is near.
---@key places zset `{name}`
---@readonly
---@return strings
---@example "k" => []

return redis.call('GEOSEARCH', KEYS[1], 'FROMLONLAT', 15, 37, 'BYRADIUS', 200, 'km', 'ASC')
