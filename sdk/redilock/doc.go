// Package redilock is a distributed lock on plain Redis or Valkey.
//
// A [Client] makes a [Mutex] of a name and a TTL; Lock waits for it in the order of arrival, TryLock asks once, Do runs
// a function under it. The [Lock] that they give knows until when it is certainly ours (Deadline), ends a context when
// it is not (Context), and has a number that grows with every grant (Fence), for a store to refuse writes that come
// late.
//
// The calls of one client that wait for a name share a grant in turns: for 1 ms it passes from one to the next without a
// call to the server, each with a Lock and a fence of its own. [WithTurn] says what that changes, and how to go without.
//
// # Semaphores, readers and writers
//
// A [Semaphore] has a number of permits for the callers of all machines. One call takes several at once, first come, first
// served; each grant has a lease of its own, so a permit whose holder dies is free again after the TTL. An [RWMutex] is a
// semaphore of which a reader takes one permit, and a writer all. Both give a [Lock], with all that it knows of deadlines,
// loss and renewals; its Weight is what it holds, Shrink and Downgrade give a part of that back, and nothing grows.
//
// A fence orders the grants of a name. Under a [Mutex], and of the writers of an RWMutex, a lower one than a store has seen
// is stale. Where several hold at once it is not: do not let a store refuse it.
//
// Of all the calls of one client that wait for a name, one is registered at the server. Where it finds room, the next of
// them ask together, in their order. Readers that stand together share one grant, see [Client.RWMutex].
//
// # Several names, leaders, replicas
//
// Several names at once are a [Multi], which takes all of them or none and cannot dead-lock with another. One of several
// programs that leads, and the next that takes over, are an [Election] on the same lock.
//
// # What is promised
//
// At most one holder of a mutex exists as long as the primary keeps its data; [WithReplicas] is for the time after a
// failover. What a failover can lose, and what the fence does about it, is told in the README of the module.
// The wire protocol, for other languages, is in lua/README.md.
//
// # How a Lock reaches the server and comes back
//
// For whoever wants to read the code, one straight way down. Each package imports only those below it.
//
//  1. [Mutex.Lock] in mutex.go is the call; named.go checks its terms and makes a token.
//  2. internal/waiting: Queues.Lock in run.go puts the call into the local queue of its name, and drives it. The first of
//     the queue asks the server; the others sleep until a release names them (handoff.go).
//  3. internal/wakeup/wakeup.go is the client's one subscription: the server tells the waiter by a message.
//  4. internal/primitive/mutex adapts the scripts: what the engine asks for becomes a call of sdk/scripts/mutexv1, and the
//     reply comes back in the engine's words (internal/primitive/primitive.go). internal/primitive/semaphore is another.
//  5. internal/call/call.go sends it, alone or with others in a pipeline (batch.go); sdk/scripts/call.go is the EVALSHA, and
//     sdk/scripts/repeat.go the table of what an error means.
//  6. internal/lease: Set.Start in set.go makes the grant of the reply, watches over its deadline and renews it (renew.go).
//     The caller gets a Handle (handle.go), which is what a [Lock] is made of (lock.go).
//  7. [Lock.Unlock] passes the grant to the next of the local queue, where the turn allows that (waiting/pass.go,
//     lease/turn.go). Else it drops the handle, and internal/release/release.go gives the token back: by the caller's
//     goroutine first, with the next of the local queue as the successor, then by workers (worker.go) until the server has
//     answered.
//
// Beside them stand internal/clock, the time by which leases are measured; internal/event, what is told to the log and to
// the trace; internal/failure, the errors.
package redilock
