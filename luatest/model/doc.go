// Package model checks the scripts of the mutex exhaustively: from an empty server it takes every action of a few
// clients and their world in every order, each script run by the real Lua on a server in memory, and compares what the
// script answered and left behind with a reference model in plain Go that was written from the protocol's description.
//
// A client here is its requests and nothing else: each may reach the server at any time and any number of times. So
// a reply that was lost, a request that was repeated, came late or was overtaken by another is not a special case: it is
// one of the orders. Time moves by one millisecond, and leases and presences last one to three, so that every boundary
// between them is met: the last instant of a lease, the first after it.
//
//   - store: the server, a Redis with the commands that the scripts use; held to the real ones by a test
//   - config, action: who does what
//   - state: the state as a few bytes, in which the clients' names do not matter
//   - reference: what each call must answer and leave
//   - promise: M1 to M10 of the design, each checked on every transition, apart from the reference
//   - search: breadth first, so that the first violation is one of the shortest
//   - trace, scenario: a violation, and the scenario file that replays it on any engine
//   - deep: all worlds, one after the other, as deep as they go
//   - seeds: known bugs; a test sees each of them found, and replayed
package model
