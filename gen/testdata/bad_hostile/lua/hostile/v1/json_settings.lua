---@script hostile.json_settings
---@version 1
---A setting of a library that all scripts share.
---@key data string `{name}`
---@return integer

cjson.encode_sparse_array(true)
return redis.call('EXISTS', KEYS[1])
