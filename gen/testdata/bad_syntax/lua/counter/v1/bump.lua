---@script counter.bump
---@version 1
---Counts.
---@key total counter `{name}`
---@arg by integer 1..9 = 1
---@reply TOTAL total:integer
---@error BADARG by is out of its range

---@arguments
if by == 7 and or by == 8 then
  return redis.error_reply('BADARG by must be 1 to 9')
end
return {'TOTAL', redis.call('INCRBY', total, by)}
