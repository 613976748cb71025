package child

import (
	"encoding/gob"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// guardName is the guard's argv[0] and name in /proc. It has nothing of this program's, so that a pkill -9 of the one does
// not hit the other.
const guardName = "lockguard"

// report is what the guard tells: that the command was started, or why not, and all that becomes of it.
type report struct {
	PID     int
	Errno   syscall.Errno
	Stopped syscall.Signal
	Ended   bool
	Code    int
	Gone    bool // nothing is left
}

// RunGuard is the guard's whole life, if this process is one; otherwise it reports false.
func RunGuard() bool {
	if len(os.Args) != 2 || os.Args[0] != guardName {
		return false
	}
	fd, err := strconv.Atoi(os.Args[1])
	if err != nil {
		return false
	}
	syscall.CloseOnExec(fd)
	runtime.LockOSThread() // the command's death signal comes when the thread ends that started it
	_ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
	_ = os.WriteFile("/proc/self/comm", []byte(guardName), 0)
	hear() // signals to the group are the command's, not ours
	connection := os.NewFile(uintptr(fd), guardName)
	in, out := gob.NewDecoder(connection), gob.NewEncoder(connection)
	var c Command
	if in.Decode(&c) != nil {
		return true // no command came: the lock was not to be had
	}
	pid, err := start(c, &syscall.SysProcAttr{Setpgid: true, Pgid: os.Getpid(), Pdeathsig: syscall.SIGKILL})
	if err != nil {
		errno, ok := err.(syscall.Errno) //nolint:errorlint // ForkExec wraps nothing
		if !ok {
			errno = syscall.EIO
		}
		_ = out.Encode(report{Errno: errno})
		return true
	}
	tell := func(r report) { _ = out.Encode(r) } // nobody hears it: then avenge is at work
	tell(report{PID: pid})
	go avenge(connection)
	for {
		var status syscall.WaitStatus
		child, err := syscall.Wait4(-1, &status, syscall.WUNTRACED, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil: // no children: no descendants either, for those of the dead would be ours
			tell(report{Gone: true})
			return true
		case child != pid:
		case status.Stopped():
			tell(report{Stopped: status.StopSignal()})
		default:
			tell(report{Ended: true, Code: exitCode(status)})
		}
	}
}

// hear takes the signals that a group gets, without effect. To ignore them would make the command ignore them as well.
func hear() {
	to := make(chan os.Signal, 1)
	for _, s := range []os.Signal{
		syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2, syscall.SIGPIPE,
		syscall.SIGALRM, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU,
	} {
		if !signal.Ignored(s) { // by whoever started all this: the command inherits it
			signal.Notify(to, s)
		}
	}
}

// avenge waits for the end of the process that started this guard, and then kills everything below. The guard ends when
// nothing is left, or when what is left cannot be killed.
func avenge(connection *os.File) {
	var one [1]byte
	for {
		if n, err := connection.Read(one[:]); n == 0 || err != nil {
			break
		}
	}
	pause := rekill / 10
	for end := time.Now().Add(5 * killLimit); time.Now().Before(end); time.Sleep(pause) {
		for _, p := range below(os.Getpid()) {
			_ = syscall.Kill(p.pid, syscall.SIGKILL)
		}
		pause = min(2*pause, 5*rekill)
	}
	os.Exit(1)
}
