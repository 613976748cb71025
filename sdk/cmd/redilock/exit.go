package main

import (
	"fmt"
	"strings"
	"syscall"
)

// Exit statuses. Those of run are timeout(1)'s where it has them.
const (
	statusNo        = 1   // the answer is no: a check that fails, a question that was denied
	statusLost      = 123 // the lock was lost
	statusNotInTime = 124 // the lock was not to be had
	statusFailed    = 125 // redilock itself failed, or Redis
	statusCannotRun = 126 // the command was found, and cannot be run
	statusNotFound  = 127 // the command was not found
	statusSignal    = 128 // plus the signal that ended it
)

// runStatus is a row of the table of run's exit statuses, in its help and in the README.
type runStatus struct {
	code    int
	name    string // instead of the code
	meaning string
}

// runStatuses are the exit statuses of run.
var runStatuses = []runStatus{
	{name: "0–255", meaning: "the command's own"},
	{code: statusLost, meaning: "the lock was lost, or --max-hold was over, and the command ended"},
	{code: statusNotInTime, meaning: "the lock was not to be had in time (CODE with -E CODE)"},
	{code: statusFailed, meaning: "redilock or Redis failed, or the command line is wrong"},
	{code: statusCannotRun, meaning: "the command cannot be run"},
	{code: statusNotFound, meaning: "the command was not found"},
	{name: "128 + N", meaning: "signal N ended the command, or redilock before there was one"},
}

func (s runStatus) label() string {
	if s.name != "" {
		return s.name
	}
	return fmt.Sprint(s.code)
}

// statusHelp is the table for the help.
func statusHelp() string {
	var b strings.Builder
	for _, s := range runStatuses {
		fmt.Fprintf(&b, "    %-8s %s\n", s.label(), s.meaning)
	}
	return b.String()
}

// statusTable is the table in Markdown.
func statusTable() string {
	var b strings.Builder
	b.WriteString("| exit status | what it says |\n|---|---|\n")
	for _, s := range runStatuses {
		fmt.Fprintf(&b, "| %s | %s |\n", s.label(), s.meaning)
	}
	return b.String()
}

// exit is an error that says which exit status it is. Without err nothing is printed: all has been said.
type exit struct {
	code int
	err  error
}

func (e exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit status %d", e.code)
	}
	return e.err.Error()
}

func (e exit) Unwrap() error { return e.err }

// usage is the error of a command line that cannot be served.
func usage(format string, args ...any) error {
	return exit{statusFailed, fmt.Errorf(format, args...)}
}

// interrupted is the cause of a context that a signal ended.
type interrupted struct{ signal syscall.Signal }

func (i interrupted) Error() string { return i.signal.String() }
