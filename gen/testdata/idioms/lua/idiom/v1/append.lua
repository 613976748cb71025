---@script idiom.append
---@version 1
---Append to a text that has a longest length.
---@key text string `{name}`
---@arg more string 1..1024 bytes
---@arg most integer 1..65536
---@repeat unsafe
---@reply LENGTH bytes:integer
---@error EFULL the text would be too long
---@error BADARG an argument is wrong
---@example "k" | "ab" "10" => ["LENGTH", 2]

---@arguments

if redis.call('STRLEN', text) + #more > most then
  return redis.error_reply('EFULL the text has no room for ' .. #more .. ' bytes')
end
return {'LENGTH', redis.call('APPEND', text, more)}
