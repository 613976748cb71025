package diff

import (
	"slices"
	"time"
)

// Minimise gives the shortest sequence that it finds for which wrong is still true: no single step and no last argument
// can be left out of it. It is delta debugging: first halves are left out, then ever smaller parts.
// https://www.debuggingbook.org/html/DeltaDebugger.html
func Minimise(s Sequence, wrong func(Sequence) bool) Sequence {
	for size := len(s) / 2; size > 0; {
		shorter := false
		for at := 0; at+size <= len(s); {
			if try := slices.Delete(slices.Clone(s), at, at+size); wrong(try) {
				s, shorter = try, true
			} else {
				at += size
			}
		}
		if !shorter || size > len(s) {
			size /= 2
		}
	}
	for i := range s {
		s = simplify(s, i, wrong)
	}
	return s
}

// simplify makes one step simpler.
func simplify(s Sequence, i int, wrong func(Sequence) bool) Sequence {
	try := func(change func(*Step)) bool {
		changed := slices.Clone(s)
		change(&changed[i])
		if !wrong(changed) {
			return false
		}
		s = changed
		return true
	}
	for len(s[i].Args) > 0 && try(func(step *Step) { step.Args = step.Args[:len(step.Args)-1] }) {
	}
	if s[i].Keys != nil {
		try(func(step *Step) { step.Keys = nil })
	}
	for s[i].Advance > time.Millisecond &&
		try(func(step *Step) { step.Advance = (step.Advance / 2).Truncate(time.Millisecond) }) {
	}
	return s
}
