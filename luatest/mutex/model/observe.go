package model

import "github.com/zferentz/go-redilock/luatest/explore"

// observe reads a lock from the server, as the reference would have it.
func (w *instance) observe(lock int) (lockState, error) {
	l := lockState{holder: none}
	held := w.entry(lock, roleLock)
	w.keyspace.Expire(held)
	switch {
	case held.Kind != explore.KindString:
	case held.Text == foreignName:
		l.holder, l.left = holderForeign, int(w.left(held.Expires))
	default:
		token := w.config.tokenOf(held.Text)
		if token < 0 {
			return l, broken("the lock holds %q, which is nobody's token", held.Text)
		}
		l.holder, l.left = token, int(w.left(held.Expires))
	}
	counter := w.entry(lock, roleFence)
	w.keyspace.Expire(counter)
	if counter.Kind == explore.KindString {
		n, _ := explore.Integer(counter.Text)
		l.counter = n
	}
	queue, waiters := w.entry(lock, roleQueue), w.entry(lock, roleWaiters)
	w.keyspace.Expire(queue)
	w.keyspace.Expire(waiters)
	for _, m := range queue.Members {
		token := w.config.tokenOf(m.Name)
		if token < 0 {
			return l, broken("%q stands in the queue, which is nobody's token", m.Name)
		}
		r := waiter{left: -1, channel: none} // dead, if nothing is known of it
		if i := waiters.Field(m.Name); i >= 0 {
			var err error
			if r, err = w.record(waiters.Fields[i].Value); err != nil {
				return l, err
			}
		}
		r.token = int8(token)
		l.queue = append(l.queue, r)
	}
	return l, nil
}

// wrong says whether a key of the lock is of a wrong type.
func (w *instance) wrong(lock int) bool {
	for role := range roles {
		if w.entry(lock, role).Kind == explore.KindList {
			return true
		}
	}
	return false
}

// apply does what is no call. It says whether anything can have changed.
func (w *instance) apply(a *action) bool {
	e := w.entry(a.lock, roleLock)
	switch a.verb {
	case verbTick:
		w.keyspace.Now++
		return true
	case verbForeignSet, verbForeignKeep:
		if e.Kind != explore.KindNone {
			return false
		}
		e.Kind, e.Text = explore.KindString, foreignName
		if a.verb == verbForeignSet {
			e.Expires = w.keyspace.Now + foreignMS
		}
		return true
	case verbForeignDelete:
		had := e.Kind != explore.KindNone
		e.Clear()
		return had
	case verbPersist:
		had := e.Kind == explore.KindString && e.Text != foreignName && e.Expires != 0
		if had {
			e.Expires = 0
		}
		return had
	case verbDelete, verbBreak:
		return w.damage(a)
	case verbFlush:
		for i := range w.keyspace.Entries {
			w.keyspace.Entries[i].Clear()
		}
		clear(w.damaged)
		return true
	case verbCollect:
		w.keyspace.Now += 2 * fenceRetain
		for i := range w.keyspace.Entries {
			w.keyspace.Expire(&w.keyspace.Entries[i])
		}
		clear(w.damaged) // what is still there had no expiry, and that is a violation of its own
		return true
	case verbLater:
		queue, waiters := w.entry(a.lock, roleQueue), w.entry(a.lock, roleWaiters)
		name := w.config.tokenName(a.token)
		if queue.Rank(name) < 0 || waiters.Field(name) < 0 {
			return false
		}
		explore.OnHash(waiters, []string{"HSET", waiters.Key, name, w.config.laterRecord(a, unscaled)})
		return true
	case verbRestore:
		for role := range roles {
			w.entry(a.lock, role).Clear()
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

func (w *instance) damage(a *action) bool {
	e := w.entry(a.lock, a.role)
	if a.verb == verbDelete {
		if e.Kind == explore.KindNone {
			return false
		}
		e.Clear()
		if a.role != roleFence {
			w.damaged[a.lock] = true
		}
		return true
	}
	if e.Kind == explore.KindList {
		e.Clear() // somebody mended it
		return true
	}
	e.Clear()
	e.Kind = explore.KindList
	if a.role != roleLock {
		w.damaged[a.lock] = true
	}
	return true
}
