// Package luatest proves the Lua scripts: its tests replay the scenarios of folder scenarios on every engine there is,
// byte for byte; `go tool mage test` ends with a table of what ran where.
//
// What serves any primitive:
//
//   - subject, subjects: a primitive, as the suites take it; and all that there are
//   - scenario, scenarios: the format, and the data, a folder for each primitive
//   - engine, engine/sandbox: what can run a script: our own Lua environment, miniredis, every real server found
//   - redistest/server, redistest/proxy: real servers, and networks that know the protocol
//   - resp, dist: replies and connections; the scripts, as the generator wrote them
//   - coverage, mutation, meaning, budget: what the scenarios run of the scripts, what they notice, and what that costs
//   - explore: every order of what may happen
//   - diff: random orders, the same on all engines
//   - fuzz: arguments and keys that nobody would think of
//   - faults, with inject and record: what breaks around the lock, by the SDK
//   - testreport: the table that a run ends with; sizes and progress of tests with a long form
//
// What is the mutex's own is below mutex; another primitive's is below a folder of its name. Interop and bench, with other
// languages and other libraries, are modules of their own.
//
// README.md says what proves which promise.
package luatest
