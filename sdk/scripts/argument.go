package scripts

import (
	"fmt"
	"slices"
	"strings"
)

// maxMany is how many there may be of an argument of which callers give any number.
const maxMany = 5000

// ArgError says that an argument is out of its range: what the script itself would answer, before anything is sent. It is a
// redis.Error, as that of the script is, and begins with BADARG.
type ArgError struct {
	Script string
	Arg    string
	Why    string
}

func (e *ArgError) Error() string { return fmt.Sprintf("BADARG %s: %s", e.Arg, e.Why) }

// RedisError makes it a redis.Error.
func (e *ArgError) RedisError() {}

// CheckBytes wants a string of lo to hi bytes. It is for the generated bindings, as those below.
func CheckBytes(script, arg, value string, lo, hi int) error {
	if n := len(value); n < lo || n > hi {
		return &ArgError{script, arg, fmt.Sprintf("must have %d to %d bytes, has %d", lo, hi, n)}
	}
	return nil
}

// CheckInt wants an integer from lo to hi.
func CheckInt(script, arg string, value, lo, hi int64) error {
	if value < lo || value > hi {
		return &ArgError{script, arg, fmt.Sprintf("must be an integer from %d to %d", lo, hi)}
	}
	return nil
}

// CheckEnum wants one of some values.
func CheckEnum(script, arg, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	last := len(values) - 1
	return &ArgError{script, arg, fmt.Sprintf("must be %s or %s", strings.Join(values[:last], ", "), values[last])}
}

// CheckEach wants check to pass for each of many values, of which there are not too many.
func CheckEach[T any](script, arg string, values []T, check func(T) error) error {
	if len(values) > maxMany {
		return &ArgError{script, arg, fmt.Sprintf("must be %d at most", maxMany)}
	}
	for _, v := range values {
		if err := check(v); err != nil {
			return err
		}
	}
	return nil
}

// First is the first of some errors that is not nil.
func First(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
