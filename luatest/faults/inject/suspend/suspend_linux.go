//go:build amd64 || arm64

package suspend

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// socketEnv tells a process by which descriptor it hands its clocks over.
const socketEnv = "REDILOCK_SUSPEND_SOCKET"

// startTimeout bounds how long a process may take to hand its clocks over, stopTimeout how long to stop.
const (
	startTimeout = 30 * time.Second
	stopTimeout  = 10 * time.Second
)

// Machine is a process that can be put to sleep. Its methods are for one goroutine.
type Machine struct {
	cmd      *exec.Cmd
	memory   *os.File // the process's
	listener int
	stopped  int64 // CLOCK_BOOTTIME in ns; 0: it runs

	mu    sync.Mutex
	slept time.Duration // how far its clock is behind
}

// Start starts a command whose program calls Enter. The caller waits for its end, by cmd.Wait, as always.
func Start(cmd *exec.Cmd) (*Machine, error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	ours, theirs := os.NewFile(uintptr(pair[0]), "clocks"), os.NewFile(uintptr(pair[1]), "clocks")
	defer ours.Close()
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, socketEnv+"="+strconv.Itoa(3+len(cmd.ExtraFiles)))
	cmd.ExtraFiles = append(cmd.ExtraFiles, theirs)
	err = cmd.Start()
	if err = errors.Join(err, theirs.Close()); err != nil {
		return nil, err
	}
	m := &Machine{cmd: cmd}
	if m.listener, err = receive(pair[0]); err == nil {
		m.memory, err = os.OpenFile(fmt.Sprintf("/proc/%d/mem", cmd.Process.Pid), os.O_RDWR, 0)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("suspend: the process did not hand its clocks over: %w", err),
			cmd.Process.Kill(), cmd.Wait())
	}
	go m.answer()
	return m, nil
}

// receive takes the listener from the process.
func receive(socket int) (int, error) {
	timeout := unix.NsecToTimeval(int64(startTimeout))
	if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout); err != nil {
		return 0, err
	}
	control := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
	for err == unix.EINTR { // a signal of the Go scheduler, or of a child that ended
		_, n, _, _, err = unix.Recvmsg(socket, make([]byte, 1), control, unix.MSG_CMSG_CLOEXEC)
	}
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:n])
	if err != nil || len(messages) == 0 {
		return 0, errors.Join(errors.New("it ended"), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) == 0 {
		return 0, errors.Join(errors.New("it sent nothing"), err)
	}
	return fds[0], nil
}

// Of the kernel's linux/seccomp.h.
type (
	notification struct {
		id    uint64
		pid   uint32
		flags uint32
		// struct seccomp_data
		number  int32
		arch    uint32
		pointer uint64
		args    [6]uint64
	}
	response struct {
		id    uint64
		val   int64
		errno int32
		flags uint32
	}
)

const (
	notifRecv = 0xc0502100 // SECCOMP_IOCTL_NOTIF_RECV
	notifSend = 0xc0182101 // SECCOMP_IOCTL_NOTIF_SEND
)

// answer answers the process's readings of its clocks until it ends.
func (m *Machine) answer() {
	defer func() { _ = unix.Close(m.listener) }()
	defer m.memory.Close()
	for {
		ready := []unix.PollFd{{Fd: int32(m.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			if ready[0].Revents != 0 {
				return // nobody is left who could ask
			}
			continue
		}
		var n notification
		if errno := m.ioctl(notifRecv, unsafe.Pointer(&n)); errno != 0 {
			continue // the thread was killed meanwhile
		}
		r := response{id: n.id}
		if err := m.read(int32(n.args[0]), int64(n.args[1])); err != nil {
			r.errno = -int32(unix.EFAULT)
		}
		_ = m.ioctl(notifSend, unsafe.Pointer(&r)) // who asked may have been killed meanwhile
	}
}

func (m *Machine) ioctl(request uintptr, argument unsafe.Pointer) unix.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(m.listener), request, uintptr(argument))
	return errno
}

// read writes a clock into the process's memory.
func (m *Machine) read(clock int32, at int64) error {
	var t unix.Timespec
	if err := unix.ClockGettime(clock, &t); err != nil {
		return err
	}
	m.mu.Lock()
	t = unix.NsecToTimespec(t.Nano() - int64(m.slept))
	m.mu.Unlock()
	text := binary.NativeEndian.AppendUint64(nil, uint64(t.Sec))
	text = binary.NativeEndian.AppendUint64(text, uint64(t.Nsec))
	_, err := m.memory.WriteAt(text, at)
	return err
}

// Sleep stops the process, and its clock. It returns when no thread of it runs any more.
func (m *Machine) Sleep() error {
	if err := m.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		return err
	}
	for end := time.Now().Add(stopTimeout); ; time.Sleep(time.Millisecond) {
		stands, err := m.stands()
		if err != nil {
			return err
		}
		if stands {
			m.stopped = boottime()
			return nil
		}
		if time.Now().After(end) {
			return errors.New("suspend: the process does not stop")
		}
	}
}

// stands reports whether all threads of the process are stopped.
func (m *Machine) stands() (bool, error) {
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", m.cmd.Process.Pid))
	if err != nil || len(tasks) == 0 {
		return false, errors.Join(errors.New("suspend: the process has ended"), err)
	}
	for _, task := range tasks {
		text, _ := os.ReadFile(task) // empty: the thread has just ended, and the next look does not see it
		_, rest, _ := strings.Cut(string(text), ") ")
		if !strings.HasPrefix(rest, "T") {
			return false, nil
		}
	}
	return true, nil
}

// Wake lets the process go on, with its clock as it was when it stopped. It gives how long it slept, and when it woke, on
// CLOCK_BOOTTIME.
func (m *Machine) Wake() (slept time.Duration, at time.Duration, err error) {
	if m.stopped == 0 {
		return 0, 0, errors.New("suspend: the process is awake")
	}
	now := boottime()
	slept = time.Duration(now - m.stopped)
	m.stopped = 0
	m.mu.Lock()
	m.slept += slept
	m.mu.Unlock()
	return slept, time.Duration(now), m.cmd.Process.Signal(unix.SIGCONT)
}

func boottime() int64 {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &t); err != nil {
		panic(err) // Linux has had it since 2.6.39
	}
	return t.Nano()
}

// Boottime reads the clock that goes on while a machine sleeps, the same in every process of the machine.
func Boottime() time.Duration { return time.Duration(boottime()) }
