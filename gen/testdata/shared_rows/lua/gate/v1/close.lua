---@script gate.close
---@version 1
---Replies with a list of the same rows, beside other fields, have one type of row.
---@key line set `{name}`, who waits
---@arg token string 1..64 bytes
---@reply CLOSE left:integer more:boolean admitted:list(token:string lease:integer(ms))  who came in
---@reply NONE
---@error BADARG an argument is wrong

---@arguments

---@include take
---@include rows

if #rows == 0 then
  return {'NONE'}
end
return {'CLOSE', redis.call('SCARD', line), #rows == 64 and 1 or 0, rows}
