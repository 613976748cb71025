---@script hostile.comment_tag
---@version 1
---A tag that is not in the header.
---@key data string `{name}`
---@return integer

---@key other string `{other}`
return redis.call('EXISTS', KEYS[1], KEYS[2])
