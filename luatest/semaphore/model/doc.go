// Package model checks the scripts of the semaphore exhaustively, as package model of the mutex does those of the mutex:
// from an empty server it takes every action of a few clients and their world in every order, each script run by the real
// Lua on a server in memory, and compares what the script answered and left behind with a reference in plain Go.
//
// A client is its requests and nothing else: each may reach the server at any time and any number of times. So a reply that
// was lost, a request that was repeated, came late or was overtaken by another is one of the orders. Time moves by one
// millisecond; leases and presences last one to three. Limits are 3 and 2, weights 1 to 3.
//
// Beside what a server has, a state knows what each token holds by what it was told. So that the weights held are never too
// many is checked whatever happened to the records. When the holders are lost, or another program removes one, these hold
// nothing any more, which is the one case where a client is not told. A client does not ask with another weight for a grant
// of its own whose record is lost: what it would be granted is its own lie.
//
// Fences are not remembered: in every state the counter is where all numbers up to it may have been given out, and the clock
// is a second further (in the world "behind" it is behind). The retentions have a millisecond less to live than new ones, so
// that a call that should renew them is seen; in the world "restored" they have twice as much, so that one that shortens
// them is.
//
//   - config, action: the worlds, and who does what in them
//   - state: what a call can notice, as a few bytes, in which the clients' names do not matter
//   - world, runner: a config with its scripts, as package explore takes it
//   - reference: what each call must answer and leave
//   - promise: the promises, each checked on every transition, apart from the reference
//   - check: a call, held to both
//   - scenario: a violation as the scenario file that replays it on any engine
//   - seeds: known bugs; a test sees each of them found, and replayed
package model
