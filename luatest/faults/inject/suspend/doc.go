// Package suspend runs a process as on a machine that can be put to sleep: while it sleeps it is stopped, and the clocks
// that stand still in a suspended machine (CLOCK_MONOTONIC, by which a Go program measures time) stand still for it,
// while those of the world (CLOCK_BOOTTIME, CLOCK_REALTIME, other processes, servers) go on.
//
// The process reads its clocks as always, through the runtime, the vDSO or system calls: its kernel side is changed, not
// its code. A seccomp filter passes its readings of the clocks that sleep to the parent, which answers them; and because
// the vDSO reads clocks without the kernel, its function is replaced by the plain system call. It needs Linux 5.7 or
// newer on amd64 or arm64, and no privileges.
package suspend
