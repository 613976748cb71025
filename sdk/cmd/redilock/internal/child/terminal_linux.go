package child

import (
	"syscall"
	"unsafe"
)

// stopGroup stops our process group by sig, with the signal's default action. The kernel does not stop a group that no
// shell would continue (SIGSTOP would). os/signal cannot set the default action back, see golang.org/issue/46321.
func stopGroup(sig syscall.Signal, wait func()) {
	const setBytes = 8
	var def, old [64]byte // struct sigaction; all zero is SIG_DFL
	action := func(set, get *[64]byte) bool {
		_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(sig),
			uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), setBytes, 0, 0)
		return errno == 0
	}
	if !action(&def, &old) {
		return
	}
	_ = syscall.Kill(0, sig)
	wait()
	action(&old, nil)
}
