package model

func (r *reference) acquire(a *action) {
	s := r.s
	rec := s.records[a.token]
	if s.live(a.token) {
		if rec.kind == ofHolder && int(rec.weight) != a.weight {
			r.code = "BADARG"
		} else if g, ok := r.renew(a.token, a.lease, a.weight, a.limit); ok {
			r.answer("GRANTED", g.fence, g.lease, g.owned)
		}
		return
	}
	atOnce := len(s.queue) == 0 && r.fits(a.weight, a.limit)
	if !atOnce && rec.kind == ofWaiter && int(rec.weight) != a.weight {
		r.code = "BADARG"
		return
	}
	own := &caller{action: a, token: a.token}
	empty := r.admit(own)
	if empty && own.got == nil && r.fits(a.weight, a.limit) {
		if g, ok := r.grant(a.token, a.lease, a.weight, a.limit, a.fences); ok {
			own.got = &g
		}
	}
	switch {
	case own.got != nil:
		r.answer("GRANTED", own.got.fence, own.got.lease, own.got.owned)
		return
	case r.code != "":
		return
	}
	wait := func() int {
		if r.more {
			return 0
		}
		return r.nextEnd()
	}
	if a.presence == 0 {
		r.answer("HELD", wait())
		return
	}
	position := r.stand(a.token, len(s.queue), a)
	s.limit = a.limit
	r.answer("QUEUED", wait(), position)
}

func (r *reference) extend(a *action) {
	if !r.s.live(a.token) {
		r.answer("NOTHELD", r.nextEnd())
		if r.over { // it drops nothing, because it writes nothing
			r.answer("NOTHELD", 0)
		}
		return
	}
	if g, ok := r.renew(a.token, a.lease, a.weight, a.limit); ok {
		r.answer("EXTENDED", g.fence, g.lease)
	}
}

func (r *reference) shrink(a *action) {
	s := r.s
	if !s.live(a.token) {
		r.answer("NOTHELD")
		return
	}
	kept := a.weight
	if rec := &s.records[a.token]; rec.kind == ofHolder {
		kept = min(kept, int(rec.weight))
		s.used -= int(rec.weight) - kept
		rec.weight = int8(kept)
	}
	if a.channel {
		r.own = a.token / r.config.Tokens
	}
	r.admit(nil)
	r.code = "" // it shrinks, whatever is wrong with a fence that others wait for
	r.answer("SHRUNK", kept, int(bit(r.more)), r.told)
}

// release gives back what is held, or the place in the queue, and is safe to repeat.
func (r *reference) release(a *action) {
	s, heir := r.s, a.successor
	held, place := s.live(a.token), s.place(a.token)
	if held {
		r.drop(a.token)
		r.settle()
	} else if place >= 0 {
		r.leave(a.token)
	}
	own := &caller{action: a, token: heir}
	repeated := false
	switch {
	case heir == none:
		own = nil
	case s.live(heir): // by a call whose reply was lost
		g, ok := r.renew(heir, a.lease, a.weight, a.limit)
		if ok {
			r.told = append(r.told, g)
		} else if !held && place < 0 {
			return
		}
		r.code = ""
		repeated, own = true, nil
	case !held && place >= 0:
		r.stand(heir, place, a)
	case !held && s.place(heir) < 0:
		own = nil
	case !held:
		repeated = true
	}
	empty := r.admit(own)
	position := 0
	if own != nil {
		if empty && own.got == nil && r.fits(a.weight, a.limit) {
			if g, ok := r.grant(heir, a.lease, a.weight, a.limit, a.fences); ok {
				own.got = &g
			}
		}
		if own.got != nil {
			r.told = append(r.told, *own.got)
		} else {
			position = r.stand(heir, len(s.queue), a)
		}
	}
	r.code = "" // what was held is given back, whatever is wrong with a fence
	more := int(bit(r.more))
	switch {
	case held, place < 0 && repeated:
		r.answer("RELEASED", position, more, r.told)
	case place >= 0:
		r.answer("LEFT", position, more, r.told)
	default:
		r.answer("NOTHELD", more, r.told)
	}
}
