---@script hostile.endless_goto
---@version 1
---A loop by goto.
---@key data string `{name}`
---@return integer

::top::
redis.call('GET', KEYS[1])
goto top
