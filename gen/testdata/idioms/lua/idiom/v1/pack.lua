---@script idiom.pack
---@version 1
---A packed record, with bits.
---@key data string `{name}`
---@return string
---@example "k" => "..."

local record = cmsgpack.pack({1, 2, bit.band(7, 3)})
local old = cmsgpack.unpack(record)
redis.call('SET', KEYS[1], record .. struct.pack('>I2', old[3]))
return redis.sha1hex(record)
