---@script idiom.sparse_json
---@version 1
---A list with holes, as JSON.
---@key data string `{name}`
---@return string?

cjson.encode_sparse_array(true)
return redis.call('GET', KEYS[1])
