---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
local function largest(list)
  local n
  for _, v in ipairs(list) do
    repeat
      while true do
        do
          for i = 1, 2 do
            if v then
              return tonumber(v)
            else
              return n
            end
          end
        end
      end
    until v
  end
end
local text = 'n=' .. largest({}) .. (-by) .. (by and 2 * by or 1)
return {'TOTAL', redis.call('INCRBY', total, by)}
