package clock

import (
	"syscall"
	"time"
	"unsafe"
)

const (
	clockMonotonic = 1
	clockBoottime  = 7 // as the monotonic clock, and it counts while the machine is suspended; see clock_gettime(2)
)

// system is CLOCK_BOOTTIME less CLOCK_MONOTONIC. Both are the kernel's own, so a step of the wall clock does not show,
// nor does the clock of a testing/synctest bubble. The monotonic clock is read last: a pause in between makes the answer
// too small, never too large, and the clock keeps the largest.
func system(time.Duration) time.Duration {
	boot, ok := read(clockBoottime)
	monotonic, ok2 := read(clockMonotonic)
	if !ok || !ok2 {
		return 0
	}
	return boot - monotonic
}

func read(id uintptr) (time.Duration, bool) {
	var ts syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano()), errno == 0
}
