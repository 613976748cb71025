//go:build !linux || !(amd64 || arm64)

package suspend

import (
	"errors"
	"os/exec"
	"time"
)

// Machine is a process that can be put to sleep.
type Machine struct{}

// Enter does nothing.
func Enter() error { return nil }

// Start is not possible here.
func Start(*exec.Cmd) (*Machine, error) { return nil, errors.ErrUnsupported }

// Sleep is not possible here.
func (*Machine) Sleep() error { return errors.ErrUnsupported }

// Wake is not possible here.
func (*Machine) Wake() (slept, at time.Duration, err error) { return 0, 0, errors.ErrUnsupported }

// Boottime is a clock that all processes of the machine share.
func Boottime() time.Duration { return time.Duration(time.Now().UnixNano()) }
