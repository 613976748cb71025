// Package redilock is a distributed lock on plain Redis or Valkey.
//
// A [Client] is made once for a process. It makes a [Mutex] of a name and a TTL, and the Mutex gives a [Lock]. This page
// says how to use one; each code on it is part of an Example that is compiled and run. The guarantees and limits are in
// the README of the module, the wire protocol for other languages in lua/README.md, and how to move from another library
// in MOVING.md.
//
// # Locking
//
// [Mutex.Do] waits for the lock, runs a function under it, and unlocks whatever happens, a panic included:
//
//	invoices := locks.Mutex("invoices", 30*time.Second, redilock.WithAutoExtend())
//	err := invoices.Do(ctx, func(ctx context.Context, l *redilock.Lock) error {
//		return print(ctx) // this ctx ends with the lock
//	})
//
// [Mutex.Lock] and [Lock.Unlock] are the two halves of it, for a lock that does not end with a function. Hand the context
// of the lock to the work in both cases, and not that of the caller. A lock that another process is to release is handed
// over by its token: [Client.Attach].
//
// Other kinds of locks give a Lock as well. A [Semaphore] has a number of permits for the callers of all machines, of
// which one call may take several. An [RWMutex] has any number of readers, or one writer. A [Multi] takes several names,
// all or none, and cannot dead-lock with another. An [Election] is a lock that its leader renews until it resigns.
//
// A call whose context says that its own call chain holds the lock would wait for itself. It gets [ErrNested], or shares
// the lock by [WithReentrant].
//
// # Waiting
//
// Lock waits in the order of arrival, until its context ends. That context is also the parent of the lock's: a timeout of
// it would end the work as well. [WithWait] bounds the wait alone, and [Mutex.TryLock] asks once:
//
//	l, err := locks.Mutex("invoices", time.Minute, redilock.WithWait(5*time.Second)).Lock(ctx)
//	if errors.Is(err, redilock.ErrWaitTimeout) {
//		return nil // somebody else prints them
//	}
//	if err != nil {
//		return err
//	}
//	defer l.Unlock(ctx)
//
// Of all the calls of one client that wait for a name, one has a place in the server's queue. The others wait behind it
// in the process, so share the client. Who unlocks wakes the next by a message; a poll ([WithPollInterval]) finds what a
// lost message would have said. A server that goes away while a call waits is waited for. Only the first question fails
// at once.
//
// The calls of one client share a grant in turns: for 1 ms it passes from one to the next without a call to the server,
// each with a Lock and a fence of its own. [WithTurn] says what that changes, and how to go without. Semaphores have no
// turns: where the registered call finds room, the next of its client ask together, in their order.
//
// # Loss
//
// A lock is a lease. It is lost when it is not extended in time, or when somebody takes it away at the server.
// [Lock.Context] ends then, at [Lock.Deadline] at the latest, which is earlier than the server's own expiry.
// [context.Cause] gives the reason:
//
//	<-l.Context().Done()
//	switch err := context.Cause(l.Context()); {
//	case errors.Is(err, redilock.ErrExpired):
//		fmt.Println("the deadline passed: no server, or nobody extended it")
//	case errors.Is(err, redilock.ErrTaken):
//		fmt.Println("the server says that it is not ours: deleted, broken, evicted, or a failover lost it")
//	case errors.Is(err, redilock.ErrUnlocked):
//		fmt.Println("Unlock was called")
//	}
//
// A lock that is taken away is noticed at the next extension: with [WithAutoExtend] within a third of the TTL, else by
// [Lock.Check], [Lock.Extend] or Unlock. Work that does not look at its context goes on after the loss. What it writes
// then only a fence can stop.
//
// # Fencing
//
// [Lock.Fence] is a number that grows with every grant of a name. Store the highest one beside the data, and refuse a
// write with a lower one in the same transaction:
//
//	return balances.Write("alice", pay(last.Value), l.Fence()) // fencedstore.ErrStale: a later holder has written
//
// The package sdk/examples/fencedstore is a store that does so. The rule is for those who hold alone: a Mutex, the
// writers of an RWMutex, a leader. Where several hold at once, permits and readers, a lower fence is not stale, and no
// store must refuse it.
//
// # Choosing a TTL
//
// The TTL is how long everybody waits after a crash of the holder. It is not how long the work takes.
//
//   - With WithAutoExtend 10 to 30 s are right for most. The lease is renewed at a third of the TTL, and a renewal that
//     fails is repeated until the deadline. So an outage of the server, a pause of the process or a failover that takes
//     less than two thirds of the TTL loses no lock. Choose the TTL by that, and bound work that may hang by
//     [WithMaxHold].
//   - Without it the work has to end within the TTL. Take several times what it takes on a bad day, and call
//     [Lock.Extend] between its steps where it may take longer.
//   - A deadline is 1 % of the TTL and 2 ms before the server's expiry, and counts from before the request. A TTL near
//     the round trip gives [ErrTooLate].
//   - With [WithReplicas] the time for the acknowledgement, half the TTL at most, is part of each renewal.
//
// # What to do on ErrLost
//
// Stop writing. The next holder may be at work already. Then either give up, or begin anew with a new grant, and read
// again what the lock protects: nothing that was read under the lost one is known to be so.
//
//	for attempt := 1; ; attempt++ {
//		err := invoices.Do(ctx, printAll)
//		if !errors.Is(err, redilock.ErrLost) || errors.Is(err, redilock.ErrMaxHold) || attempt == 3 {
//			return err
//		}
//	}
//
// That is right for work that may run twice. An Unlock or Do that answers ErrLost after the work has ended says that the
// last part of it may have run beside the next holder's: with a fence that does no harm; without one somebody has to
// look.
//
//   - [ErrExpired]: the server was away for longer than the TTL allows, or the work took longer than a TTL that nobody
//     renews.
//   - [ErrTaken]: somebody deleted or broke it, a failover lost it, or the server evicts keys, see the README's limits.
//   - [ErrMaxHold]: the work took longer than WithMaxHold allows. Another attempt probably does as well.
//   - [ErrTooLate]: the grant came when its lease was over. The network is slower than the TTL.
//
// # Errors
//
// Every error is an [*Error] with the operation and the name, never the token. errors.Is tells its kind:
//
//   - [ErrHeld], [ErrWaitTimeout]: somebody else has the lock. Go on without it, or try again later; [HeldError] says how
//     much is left of the lease.
//   - [ErrUnavailable]: no answer, or one that says that the server cannot serve now. The call may have run. What it may
//     have taken is given back without your help, and every call may be repeated.
//   - [ErrDenied], [ErrWrongType], [ErrInvalid], [ErrNested], [ErrClosed]: the configuration or the program is wrong.
//     Another attempt ends in the same way.
//   - [ErrLost]: above. [ErrReplicas]: too few replicas have it. Lock has given it back; after Extend it is as it was.
//   - context.Canceled, context.DeadlineExceeded: your context ended first.
//
// # Testing
//
// The package sdk/redilocktest has an in-memory server, a clock that moves when told to, and failures on demand:
//
//	redilocktest.Run(t, func(t *testing.T, s *redilocktest.Server) {
//		done := make(chan error, 1)
//		go func() { done <- work(t.Context(), s.Client) }()
//		s.Advance(time.Hour)
//		s.Steal("job")
//		s.Advance(time.Minute)
//		if err := <-done; !errors.Is(err, redilock.ErrLost) {
//			t.Errorf("work ended with %v", err)
//		}
//	})
//
// # How a Lock reaches the server and comes back
//
// For whoever wants to read the code, one straight way down. Each package imports only those below it.
//
//  1. [Mutex.Lock] in mutex.go is the call; named.go checks its terms and makes a token.
//  2. internal/waiting: Queues.Lock in run.go puts the call into the local queue of its name, and drives it. The first of
//     the queue asks the server; the others sleep until a release names them (handoff.go).
//  3. internal/wakeup/wakeup.go is the client's one subscription: the server tells the waiter by a message.
//  4. internal/primitive/mutex adapts the scripts: what the engine asks for becomes a call of sdk/scripts/mutexv1, and
//     the reply comes back in the engine's words (internal/primitive/primitive.go). internal/primitive/semaphore is
//     another.
//  5. internal/call/call.go sends it, alone or with others in a pipeline (batch.go); sdk/scripts/call.go is the EVALSHA,
//     and sdk/scripts/repeat.go the table of what an error means.
//  6. lua/mutex/v1/acquire.lua decides, at the server, and its reply goes back the same way. What is sent is the text of
//     lua/dist, which the generator has put into sdk/scripts/mutexv1.
//  7. internal/lease: Set.Start in set.go makes the grant of the reply, watches over its deadline and renews it
//     (renew.go). The caller gets a Handle (handle.go), which is what a [Lock] is made of (lock.go).
//  8. [Lock.Unlock] passes the grant to the next of the local queue, where the turn allows that (waiting/pass.go,
//     lease/turn.go). Else it drops the handle, and internal/release/release.go gives the token back: by the caller's
//     goroutine first, with the next of the local queue as the successor, then by workers (worker.go) until the server
//     has answered.
//
// Beside them stand internal/clock, the time by which leases are measured; internal/event, what is told to the log and to
// the trace; internal/failure, the errors.
package redilock
