---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply A_B total:integer
---@reply A__B
---@error BADARG by is out of its range

---@arguments
if by == 2 then
  return {'A__B'}
end
return {'A_B', redis.call('INCRBY', total, by)}
