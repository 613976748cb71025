package model

// observe reads a lock from the server, as the reference would have it.
func (w *world) observe(lock int) (lockState, error) {
	l := lockState{holder: none}
	held := w.entry(lock, roleLock)
	w.store.expire(held)
	switch {
	case held.kind != kindString:
	case held.text == foreignName:
		l.holder, l.left = holderForeign, int(w.left(held.expires))
	default:
		token := w.config.tokenOf(held.text)
		if token < 0 {
			return l, broken("the lock holds %q, which is nobody's token", held.text)
		}
		l.holder, l.left = token, int(w.left(held.expires))
	}
	counter := w.entry(lock, roleFence)
	w.store.expire(counter)
	if counter.kind == kindString {
		n, _ := integer(counter.text)
		l.counter = n
	}
	queue, waiters := w.entry(lock, roleQueue), w.entry(lock, roleWaiters)
	w.store.expire(queue)
	w.store.expire(waiters)
	for _, m := range queue.members {
		token := w.config.tokenOf(m.name)
		if token < 0 {
			return l, broken("%q stands in the queue, which is nobody's token", m.name)
		}
		r := waiter{left: -1, channel: none} // dead, if nothing is known of it
		if i := waiters.field(m.name); i >= 0 {
			var err error
			if r, err = w.record(waiters.fields[i].value); err != nil {
				return l, err
			}
		}
		r.token = int8(token)
		l.queue = append(l.queue, r)
	}
	return l, nil
}

// wrong says whether a key of the lock is of a wrong type.
func (w *world) wrong(lock int) bool {
	for role := range roles {
		if w.entry(lock, role).kind == kindList {
			return true
		}
	}
	return false
}

// apply does what is no call. It says whether anything can have changed.
func (w *world) apply(a *action) bool {
	e := w.entry(a.lock, roleLock)
	switch a.verb {
	case verbTick:
		w.store.now++
		return true
	case verbForeignSet, verbForeignKeep:
		if e.kind != kindNone {
			return false
		}
		e.kind, e.text = kindString, foreignName
		if a.verb == verbForeignSet {
			e.expires = w.store.now + foreignMS
		}
		return true
	case verbForeignDelete:
		had := e.kind != kindNone
		e.clear()
		return had
	case verbPersist:
		had := e.kind == kindString && e.text != foreignName && e.expires != 0
		if had {
			e.expires = 0
		}
		return had
	case verbDelete, verbBreak:
		return w.damage(a)
	case verbFlush:
		for i := range w.store.entries {
			w.store.entries[i].clear()
		}
		clear(w.damaged)
		return true
	case verbCollect:
		w.store.now += 2 * fenceRetain
		for i := range w.store.entries {
			w.store.expire(&w.store.entries[i])
		}
		clear(w.damaged) // what is still there had no expiry, and that is a violation of its own
		return true
	case verbLater:
		queue, waiters := w.entry(a.lock, roleQueue), w.entry(a.lock, roleWaiters)
		if name := w.config.tokenName(a.token); queue.rank(name) < 0 || waiters.field(name) < 0 {
			return false
		}
		onHash(waiters, []string{"HSET", waiters.key, w.config.tokenName(a.token), w.config.laterRecord(a, unscaled)})
		return true
	case verbRestore:
		for role := range roles {
			w.entry(a.lock, role).clear()
		}
		w.damaged[a.lock] = false
		w.setCounter(a.lock, w.config.counter()-restoredGap)
		return true
	case verbFill:
		w.setCounter(a.lock, fenceLimit)
		return true
	case verbMemory:
		w.memory = !w.memory
		return true
	}
	return false
}

func (w *world) damage(a *action) bool {
	e := w.entry(a.lock, a.role)
	if a.verb == verbDelete {
		if e.kind == kindNone {
			return false
		}
		e.clear()
		if a.role != roleFence {
			w.damaged[a.lock] = true
		}
		return true
	}
	if e.kind == kindList {
		e.clear() // somebody mended it
		return true
	}
	e.clear()
	e.kind = kindList
	if a.role != roleLock {
		w.damaged[a.lock] = true
	}
	return true
}
