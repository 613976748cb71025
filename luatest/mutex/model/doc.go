// Package model checks the scripts of the mutex exhaustively: from an empty server it takes every action of a few
// clients and their world in every order, each script run by the real Lua on a server in memory, and compares what the
// script answered and left behind with a reference model in plain Go that was written from the protocol's description.
//
// A client here is its requests and nothing else: each may reach the server at any time and any number of times. So
// a reply that was lost, a request that was repeated, came late or was overtaken by another is not a special case: it is
// one of the orders. Time moves by one millisecond, and leases and presences last one to three, so that every boundary
// between them is met: the last instant of a lease, the first after it.
//
// Fences are not remembered: in every state the counter is where all numbers up to it may have been given out, and the
// clock is a second further. So every grant has as many numbers from the past as it asks for, and is the first of its slot
// (a minute for the counter's retention, half a minute for the queue's), whose retention it has to renew; that a call
// renews shows, as each key has a millisecond less to live than its retention. That is one of the two cases that a script
// can tell apart; the world "slot" has the other: there the last grant was two microseconds ago and not the first of its
// slot, which is about to end. Its keys have as much to live as the first grant of the slot left, and no grant may leave
// less. In some worlds the counter is also lost, restored to one of an hour ago, at its limit, or ahead of the clock: of all
// of these a state knows which. How the retentions go on over hours, with leases that are longer than a retention, is not of
// a few steps: the test of retentions walks through it at random.
//
// A read-only server is not modelled. Waiters of a later version (world "later") never end by their presence.
//
//   - config, worlds, action: who does what
//   - world, runner: a config with its scripts, as package explore takes it, which searches breadth first
//   - state: the state as a few bytes, in which the clients' names do not matter
//   - reference: what each call must answer and leave
//   - promise: M1 to M10 of the design, each checked on every transition, apart from the reference
//   - check: a call, held to both
//   - scenario: a violation as the scenario file that replays it on any engine
//   - seeds: known bugs; a test sees each of them found, and replayed
package model
