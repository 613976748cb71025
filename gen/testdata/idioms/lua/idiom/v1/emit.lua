---@script idiom.emit
---@version 1
---Append an event to a stream that is bounded.
---@key events stream `{name}`
---@arg kind string 1..64 bytes
---@arg keep integer 1..100000
---@repeat unsafe
---@return string, its id
---@error BADARG an argument is wrong
---@example "k" | "login" "100" => "..."

---@arguments

return redis.call('XADD', events, 'MAXLEN', '~', keep, '*', 'kind', kind)
