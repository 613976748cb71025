---@script idiom.idempotent
---@version 1
---The answer that was given to a request before.
---@key answer string `{name}`
---@arg text string 1..1024 bytes
---@arg keep integer ms, 1..86400000
---@return string
---@error BADARG an argument is wrong
---@example "k" | "a" "1000" => "a"

---@arguments

local before = redis.call('SET', answer, text, 'NX', 'GET', 'PX', keep)
return before or text
