-- A fragment that all primitives have in common.

local taken = redis.call('SPOP', line, 64)
