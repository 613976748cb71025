package main

import (
	"fmt"
	"strconv"
	"time"
)

// duration is a time.Duration on the command line, where a plain number is seconds, as it is for timeout and flock.
type duration time.Duration

// UnmarshalText reads 30s, 1h30m, 0.5 and the like.
func (d *duration) UnmarshalText(text []byte) error {
	s := string(text)
	if _, err := strconv.ParseFloat(s, 64); err == nil {
		s += "s"
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("%q is no duration: write 30s, 5m or 1h30m", text)
	}
	*d = duration(v)
	return nil
}

func (d duration) String() string { return time.Duration(d).String() }

// short shows a duration with no more digits than anybody reads.
func short(d time.Duration) string {
	switch {
	case d >= time.Minute:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	default:
		return d.Round(time.Millisecond).String()
	}
}
