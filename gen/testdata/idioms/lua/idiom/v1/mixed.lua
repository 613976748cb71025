---@script idiom.mixed
---@version 1
---Nil, floats and booleans in a reply.
---@key data hash `{name}`
---@reply FOUND name:string? ratio:float ok:boolean tags:strings all:map
---@example "k" => ["FOUND", null, "0.5", 1, ["a", "b"], []]

local name = redis.call('HGET', KEYS[1], 'name')
return {'FOUND', name, string.format('%.17g', 0.5), true, {'a', 'b'}, redis.call('HGETALL', KEYS[1])}
