// Package luatest proves the Lua scripts: its tests replay the scenarios of folder scenarios on every engine there is,
// byte for byte; `go tool mage test` ends with a table of what ran where.
//
//   - resp: replies of a Redis server, and a connection to one
//   - sandbox: the Lua environment of a real server, on gopher-lua
//   - engine: what can run a script: our sandbox, miniredis, every real server found
//   - server: starts and stops real servers
//   - dist: the scripts, as the generator wrote them
//   - scenario, scenarios: the format, and the data
//   - summary, long: the table that a run ends with; sizes and progress of tests with a long form
//   - suite, coverage, mutation, budget: what the scenarios run of the scripts, what they notice, and what it costs
//   - model, diff, linear: every order, random orders, and the orders of real clients
//   - fuzz: arguments and keys that nobody would think of
//   - faults, proxy, suspend: what breaks around the lock
//   - interop, bench: other languages and other libraries, each in a module of its own
//
// README.md says what proves which promise.
package luatest
