//go:build linux

// Tree is a command for the tests of what redilock run leaves: it starts processes below it, here and there, that sleep.
//
//	tree KIND COUNT SEED   starts COUNT processes of a kind, some of them by others, and then ends or sleeps
//	tree hop KIND …        starts the rest as a session of its own, and ends: the second fork of a daemon
//	tree become …          becomes root, which needs the setuid bit, and then is the rest
//
// KIND is same, own (a process group), setsid, double (fork) or root. Each process that is started, and has become root if
// it is to, appends a byte to the file $READY. The first, which $FIRST says, ends by TERM, and with $END when it has started
// its own. Some ignore TERM.
package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(99)
	}
}

func run(args []string) error {
	switch args[0] {
	case "hop":
		return start(args[1:], &syscall.SysProcAttr{Setsid: true}, "")
	case "become":
		if err := syscall.Setgid(0); err != nil {
			return err
		}
		if err := syscall.Setuid(0); err != nil {
			return err
		}
		if err := ready(); err != nil {
			return err
		}
		if args[1] == "sleep" {
			return syscall.Exec("/bin/sleep", args[1:], os.Environ())
		}
		return run(args[1:])
	}
	kind := args[0]
	count, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	seed, err := strconv.ParseUint(args[2], 10, 64)
	if err != nil {
		return err
	}
	r := rand.New(rand.NewPCG(seed, 0))
	first, end := os.Getenv("FIRST") != "", os.Getenv("END") != ""
	_, _ = os.Unsetenv("FIRST"), os.Unsetenv("END")
	if !first && r.IntN(4) == 0 {
		signal.Ignore(syscall.SIGTERM) // as will those below
	}
	for count > 0 {
		part := 1 + r.IntN(count)
		count -= part
		child := []string{"sleep", "300"}
		if part > 1 {
			child = []string{kind, strconv.Itoa(part - 1), strconv.FormatUint(r.Uint64(), 10)}
		}
		if err := grow(kind, child); err != nil {
			return err
		}
		time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
	}
	if !end {
		time.Sleep(5 * time.Minute)
	}
	return nil
}

func grow(kind string, child []string) error {
	switch kind {
	case "own":
		return start(child, &syscall.SysProcAttr{Setpgid: true}, "")
	case "setsid":
		return start(child, &syscall.SysProcAttr{Setsid: true}, "")
	case "double":
		return start(append([]string{"hop"}, child...), nil, "")
	case "root":
		return start(append([]string{"become"}, child...), nil, os.Getenv("SETUID"))
	default:
		return start(child, nil, "")
	}
}

func start(args []string, attr *syscall.SysProcAttr, program string) error {
	if program == "" {
		program = "/proc/self/exe"
	}
	argv := append([]string{"tree"}, args...)
	if args[0] == "sleep" {
		program, argv = "/bin/sleep", args
	}
	_, err := syscall.ForkExec(program, argv, &syscall.ProcAttr{
		Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: attr,
	})
	if err != nil || args[0] == "become" { // it says itself when it has
		return err
	}
	return ready()
}

// ready says that one more process is what it is to be.
func ready() error {
	file, err := os.OpenFile(os.Getenv("READY"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.WriteString(".")
	return err
}
