---@script hostile.load_pieces
---@version 1
---Code in pieces.
---@key data string `{name}`
---@return integer

load(function() return nil end)()
return redis.call('EXISTS', KEYS[1])
