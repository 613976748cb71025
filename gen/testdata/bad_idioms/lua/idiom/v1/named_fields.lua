---@script idiom.named_fields
---@version 1
---A table with names.
---@key item hash `{name}`
---@return map

return {stock = redis.call('HGET', KEYS[1], 'stock'), price = 3}
