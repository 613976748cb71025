---@script idiom.split
---@version 1
---The words of a text.
---@key data string `{name}`
---@readonly
---@return strings
---@example "k" => []

local words = {}
for word in string.gmatch(redis.call('GET', KEYS[1]) or '', '%S+') do
  words[#words + 1] = word
end
return words
