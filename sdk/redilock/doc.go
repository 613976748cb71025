// Package redilock is a distributed lock on plain Redis or Valkey.
//
// A [Client] makes a [Mutex] of a name and a TTL; Lock waits for it in the order of arrival, TryLock asks once, Do runs
// a function under it. The [Lock] that they give knows until when it is certainly ours (Deadline), ends a context when
// it is not (Context), and has a number that grows with every grant (Fence), for a store to refuse writes that come
// late.
//
// At most one holder exists as long as the primary keeps its data. What a failover can lose, and what the fence does
// about it, is told in the README of the module. The wire protocol, for other languages, is in lua/README.md.
package redilock
