---@script counter.bump
---@version 1
---Adds to a counter.
---@key total counter `{name}`
---@arg note string 0..9 bytes = ""
---@arg mode enum a|b = a
---@require note when mode b
---@reply BUMPED total:integer

local total = KEYS[1]
local note = ARGV[1]
local mode = ARGV[2]
return {'BUMPED', redis.call('INCR', total)}
