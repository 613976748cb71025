// Package faults has tests of what happens to the semaphore's scripts on real servers: holders that vanish, servers that
// are killed or out of memory, keys that are lost. What the SDK makes of faults is of package luatest/faults.
package faults
