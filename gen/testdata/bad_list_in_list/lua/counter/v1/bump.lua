---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@reply TOTAL rows:list(a:string, more:list(b:string))
---@reply EMPTY rows:list()
---@reply TWICE rows:list(a:string, a:integer) rows:list(a:string)

local total = KEYS[1]
return {'TOTAL', {}}
