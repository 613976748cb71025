// Package luatest proves the Lua scripts: its tests replay the scenarios of folder scenarios on every engine there is,
// byte for byte, and end with a table of what ran where.
//
//   - resp: replies of a Redis server, and a connection to one
//   - sandbox: the Lua environment of a real server, on gopher-lua
//   - engine: what can run a script: our sandbox, miniredis, every real server found
//   - server: starts and stops real servers
//   - dist: the scripts, as the generator wrote them
//   - scenario, scenarios: the format, and the data
//   - summary: the table that a run ends with
package luatest
