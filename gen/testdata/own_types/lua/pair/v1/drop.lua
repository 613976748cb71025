---@script pair.drop
---@version 1
---Deletes | drops the first.
---@key first string `{name}`
---@arg which enum first|all = first
---@reply DROPPED
---@error BADARG which is not known

---@arguments
redis.call('DEL', first)
return {'DROPPED'}
