---@script idiom.move
---@version 1
---Move from one list to another, each named by the caller.
---@key source list `{source}`
---@key target list `{target}`
---@repeat unsafe
---@return string?
---@example "a" "b" => null

return redis.call('LMOVE', KEYS[1], KEYS[2], 'LEFT', 'RIGHT')
