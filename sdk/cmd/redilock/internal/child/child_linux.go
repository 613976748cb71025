package child

import (
	"bytes"
	"os"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// adopt makes the orphans of the command our children, so that they can be found and buried wherever we run: not every
// container has an init.
func adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// descendants lists the processes below this one that are in its session and not dead: a daemon, which left the session,
// is meant to go on.
func descendants() []int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	self := os.Getpid()
	session, err := unix.Getsid(0)
	if err != nil {
		return nil
	}
	parents := make(map[int]int)
	alive := make(map[int]bool) // and in our session
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue
		}
		// The name, in parentheses, may hold anything: fields are counted from its end. proc_pid_stat(5).
		f := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
		if len(f) < 4 {
			continue
		}
		parent, _ := strconv.Atoi(string(f[1]))
		sid, _ := strconv.Atoi(string(f[3]))
		parents[pid] = parent
		alive[pid] = sid == session && f[0][0] != 'Z' && f[0][0] != 'X'
	}
	var found []int
	for pid, ok := range alive {
		if !ok || pid == self {
			continue
		}
		for above := parents[pid]; above > 1; above = parents[above] {
			if above == self {
				found = append(found, pid)
				break
			}
		}
	}
	return found
}
