package scripts

import "fmt"

// MayHaveRunError is the error of a call that failed after the server may have run it, of a script that is not safe to
// repeat: it is not sent again. Whether it ran only the data can tell. Err is what happened.
type MayHaveRunError struct {
	Script string // name and version
	Err    error
}

func (e *MayHaveRunError) Error() string {
	return fmt.Sprintf("script %s: may have run, and is not safe to repeat, so it was not sent again: %v; look at the data "+
		"before you call it again", e.Script, e.Err)
}

func (e *MayHaveRunError) Unwrap() error { return e.Err }

// mayRepeat reports whether the call may be sent once more after a send that failed. Where a script that is not safe to
// repeat may have run it says no, and its error says why.
func (c *Call[R]) mayRepeat() bool {
	if !c.script.Unsafe || c.err == nil || !c.MayHaveRun() {
		return true
	}
	if _, said := c.err.(*MayHaveRunError); !said { //nolint:errorlint // its own, not one that it wraps
		c.err = &MayHaveRunError{Script: fmt.Sprintf("%s v%d", c.script.Name, c.script.Version), Err: c.err}
	}
	return false
}

// command is how a script is called.
func (s *Script) command() any {
	if s.ByRO {
		return "evalsha_ro"
	}
	return "evalsha"
}
