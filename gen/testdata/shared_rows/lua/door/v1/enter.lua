---@script door.enter
---@version 1
---A list that one reply alone has keeps a type of its own.
---@key line set `{name}`, who waits
---@reply IN admitted:list(token:string)

local line = KEYS[1]

---@include take
---@include rows

return {'IN', rows}
