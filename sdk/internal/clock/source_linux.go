package clock

import (
	"math"
	"syscall"
	"time"
	"unsafe"
)

const (
	clockMonotonic = 1
	clockBoottime  = 7 // as the monotonic clock, and it counts while the machine is suspended; see clock_gettime(2)
)

// system is CLOCK_BOOTTIME less CLOCK_MONOTONIC. Both are the kernel's own, so a step of the wall clock does not show,
// nor does the clock of a testing/synctest bubble.
func system(time.Duration) time.Duration { return asleep(read) }

const (
	// undisturbed is how long the readings may take together; mostReadings is how often they are repeated at the most.
	undisturbed  = 100 * time.Microsecond
	mostReadings = 16
)

// asleep is how much further the one clock is than the other. A pause between the two readings makes the answer too small:
// when a Clock is made, all that follows would seem later by as much, and after a suspension some of it would be missing.
// So a reading that took long is repeated, and the largest answer counts.
func asleep(read func(id uintptr) (time.Duration, bool)) time.Duration {
	most := time.Duration(math.MinInt64)
	for range mostReadings {
		boot, ok := read(clockBoottime)
		monotonic, ok2 := read(clockMonotonic)
		after, ok3 := read(clockBoottime)
		if !ok || !ok2 || !ok3 {
			return 0
		}
		if most = max(most, boot-monotonic); after-boot < undisturbed {
			break
		}
	}
	return most
}

func read(id uintptr) (time.Duration, bool) {
	var ts syscall.Timespec
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	return time.Duration(ts.Nano()), errno == 0
}
