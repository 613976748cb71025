---@script counter.bump
---@version 1
---Adds to a counter.
---@key total counter `{name}`
---@arg by integer -99..99, what to add
---@arg unit enum one|dozen, what it counts
---@arg from integer ms, -5..-1
---@arg size integer 5..2000 = 7, how large
---@arg label string 3..5 bytes = abc
---@arg note string 0..4 bytes = "", a text
---@arg count integer 0..30 = 0, how often
---@arg mode enum soft|hard|it_s = soft
---@arg reason string 0..9 bytes = "", why
---@arg limit integer 0..10 = 0, at most
---@require count when note
---@require count when unit dozen
---@require note when limit
---@require reason when mode hard|it_s
---@require reason when mode not soft|hard
---@require limit when reason
---@reply BUMPED total:integer all:string
---@error BADARG an argument is wrong

---@arguments

return {'BUMPED', by * count * size * limit + from, unit .. label .. note .. mode .. reason}
