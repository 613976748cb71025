---@script idiom.set_version
---@version 1
---Write a document if nobody else did.
---@key doc hash `{name}`
---@arg version integer 0..1000000000
---@arg text string 0..4096 bytes
---@reply WRITTEN version:integer
---@reply CONFLICT version:integer
---@error BADARG an argument is wrong
---@example "k" | "0" "x" => ["WRITTEN", 1]

---@arguments

local now = tonumber(redis.call('HGET', doc, 'version') or 0)
if now ~= version then
  return {'CONFLICT', now}
end
redis.call('HSET', doc, 'version', version + 1, 'text', text)
return {'WRITTEN', version + 1}
