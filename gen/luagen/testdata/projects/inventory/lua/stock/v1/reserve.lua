---@script stock.reserve
---@version 1
---Reserve some of an item, whose record is JSON.
---@key item string `{name}`
---@arg count integer 1..1000000
---@arg who string 1..64 bytes
---@repeat unsafe
---@reply RESERVED left:integer note:string?
---@reply SHORT left:integer reserved:map  who has how many
---@error ENOITEM there is no such item
---@error BADARG an argument is missing or out of its range
---@example "bolt" | "1" "ann" => error ENOITEM

---@arguments

local text = redis.call('GET', item)
if not text then
  return {err = 'ENOITEM no such item'}
end
local record = cjson.decode(text)
if record.stock < count then
  local reserved = {}
  for name, n in pairs(record.reserved or {}) do
    reserved[#reserved + 1] = name
    reserved[#reserved + 1] = string.format('%.0f', n)
  end
  return {'SHORT', record.stock, reserved}
end
record.reserved = record.reserved or {}
record.reserved[who] = (record.reserved[who] or 0) + count
record.stock = record.stock - count
redis.call('SET', item, cjson.encode(record))
return {'RESERVED', record.stock, record.note or false}
