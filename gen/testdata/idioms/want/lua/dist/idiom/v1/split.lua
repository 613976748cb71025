-- idiom.split v1
local words = {}
for word in string.gmatch(redis.call('GET', KEYS[1]) or '', '%S+') do
	words[#words + 1] = word
end
return words
