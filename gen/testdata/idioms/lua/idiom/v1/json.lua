---@script idiom.json
---@version 1
---Change a document.
---@key data string `{name}`
---@arg delta integer -100..100
---@error ENOITEM there is none
---@return string
---@error BADARG an argument is wrong
---@example "k" | "1" => error ENOITEM

---@arguments

local text = redis.call('GET', data)
if not text then
  return {err = 'ENOITEM no such item'}
end
local item = cjson.decode(text)
item.stock = item.stock + delta
redis.call('SET', data, cjson.encode(item))
return cjson.encode(item)
