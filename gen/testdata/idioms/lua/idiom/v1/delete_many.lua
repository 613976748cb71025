---@script idiom.delete_many
---@version 1
---Delete any number of keys.
---@key victims... string `{name}`
---@return integer
---@example "a" "b" => 0

return redis.call('DEL', unpack(KEYS))
