//go:build amd64 || arm64

package suspend

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Enter makes a process that Start has started one that can be put to sleep. Its program calls it before anything else;
// it does nothing in any other process.
func Enter() error {
	text := os.Getenv(socketEnv)
	if text == "" {
		return nil
	}
	if err := os.Unsetenv(socketEnv); err != nil {
		return err
	}
	socket, err := strconv.Atoi(text)
	if err != nil {
		return err
	}
	if err := replaceVDSO(); err != nil {
		return fmt.Errorf("suspend: the vDSO: %w", err)
	}
	if err := filterClocks(socket); err != nil {
		return fmt.Errorf("suspend: seccomp: %w", err)
	}
	return unix.Close(socket)
}

// systemCall is clock_gettime as the plain system call, in machine code.
var systemCall = map[string][]byte{
	"amd64": {0xb8, unix.SYS_CLOCK_GETTIME & 0xff, 0, 0, 0, 0x0f, 0x05, 0xc3}, // mov eax, nr; syscall; ret
	"arm64": { // mov x8, #nr; svc #0; ret
		0x08 | unix.SYS_CLOCK_GETTIME&7<<5, unix.SYS_CLOCK_GETTIME >> 3, 0x80, 0xd2,
		0x01, 0x00, 0x00, 0xd4, 0xc0, 0x03, 0x5f, 0xd6,
	},
}[runtime.GOARCH]

// replaceVDSO makes the process read its clocks by system calls, which a filter sees.
func replaceVDSO() error {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(maps)) {
		if !strings.HasSuffix(strings.TrimSpace(line), "[vdso]") {
			continue
		}
		var from, to uint64
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			return err
		}
		memory, err := os.OpenFile("/proc/self/mem", os.O_RDWR, 0)
		if err != nil {
			return err
		}
		defer memory.Close()
		image := make([]byte, to-from)
		if _, err := memory.ReadAt(image, int64(from)); err != nil {
			return err
		}
		at, err := clockGettime(image)
		if err != nil {
			return err
		}
		_, err = memory.WriteAt(systemCall, int64(from+at)) // the page is this process's own from now on
		return err
	}
	return nil // there is none: all goes by system calls anyhow
}

// clockGettime gives the offset of the function in the vDSO.
func clockGettime(image []byte) (uint64, error) {
	file, err := elf.NewFile(bytes.NewReader(image))
	if err != nil {
		return 0, err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return 0, err
	}
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" || s.Name == "__kernel_clock_gettime" {
			return s.Value, nil
		}
	}
	return 0, errors.New("it has no clock_gettime")
}

// Of the kernel's linux/seccomp.h.
const (
	setModeFilter    = 1      // SECCOMP_SET_MODE_FILTER
	flagTSYNC        = 1      // SECCOMP_FILTER_FLAG_TSYNC: all threads
	flagNewListener  = 1 << 3 // SECCOMP_FILTER_FLAG_NEW_LISTENER
	flagTSYNCESRCH   = 1 << 4 // SECCOMP_FILTER_FLAG_TSYNC_ESRCH: both of them
	flagWaitKillable = 1 << 5 // SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV: a reading is not begun anew for a signal
	retUserNotif     = 0x7fc00000
	retAllow         = 0x7fff0000
	dataNumber       = 0  // offsets in struct seccomp_data
	dataFirst        = 16 // the low half of the first argument, on a little-endian machine
)

// The instructions of the filter.
const (
	load  = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	equal = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	give  = unix.BPF_RET | unix.BPF_K
)

// filterClocks sends the readings of the clocks that sleep to a listener, and hands that to the parent through the socket.
func filterClocks(socket int) error {
	filter := []unix.SockFilter{
		{Code: load, K: dataNumber},
		{Code: equal, K: unix.SYS_CLOCK_GETTIME, Jf: 5},
		{Code: load, K: dataFirst},
		{Code: equal, K: unix.CLOCK_MONOTONIC, Jt: 2},
		{Code: equal, K: unix.CLOCK_MONOTONIC_RAW, Jt: 1},
		{Code: equal, K: unix.CLOCK_MONOTONIC_COARSE, Jf: 1},
		{Code: give, K: retUserNotif},
		{Code: give, K: retAllow},
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	// Without signals the scheduler cannot take this thread's processor away between the two calls.
	var all, before unix.Sigset_t
	for i := range all.Val {
		all.Val[i] = ^all.Val[i]
	}
	if err := unix.PthreadSigmask(unix.SIG_SETMASK, &all, &before); err != nil {
		return err
	}
	var listener int
	var errno unix.Errno
	for _, more := range []uintptr{flagWaitKillable, 0} { // which is newer than the others
		if listener, errno = install(&program, more, socket); errno == 0 {
			break
		}
	}
	err := unix.PthreadSigmask(unix.SIG_SETMASK, &before, nil)
	if errno != 0 {
		return errno
	}
	return errors.Join(err, unix.Close(listener))
}

// install installs the filter and sends its listener. From the first call on whoever reads a clock waits for the parent,
// which cannot answer before the second: other threads of the runtime may wait so with all the processors of the scheduler,
// and its locks. So nothing here may enter the scheduler, as an ordinary system call does.
func install(program *unix.SockFprog, flags uintptr, socket int) (listener int, errno unix.Errno) {
	rights := unix.UnixRights(0)
	descriptor := (*int32)(unsafe.Pointer(&rights[unix.CmsgLen(0)]))
	data := [1]byte{}
	part := unix.Iovec{Base: &data[0]}
	part.SetLen(len(data))
	message := unix.Msghdr{Iov: &part, Control: &rights[0]}
	message.SetIovlen(1)
	message.SetControllen(len(rights))
	fd, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, setModeFilter, flagTSYNC|flagNewListener|flagTSYNCESRCH|flags,
		uintptr(unsafe.Pointer(program)))
	if errno != 0 {
		return 0, errno
	}
	*descriptor = int32(fd)
	_, _, errno = unix.RawSyscall(unix.SYS_SENDMSG, uintptr(socket), uintptr(unsafe.Pointer(&message)), 0)
	return int(fd), errno
}
