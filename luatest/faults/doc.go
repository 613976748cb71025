// Package faults breaks everything around the lock and counts what was lost.
//
// Each row of the matrix is one fault. It starts real servers and real worker processes, which take a lock in a loop,
// write to a fenced store under it, and report what they do on the machine's monotonic clock. Then it does its damage,
// and what was reported is checked: nobody held the lock while another did, fences grew, everybody got it again in time,
// nothing was left behind, every error had a type. A row that lets the server lose its data declares that two may hold
// the lock at once; then the number is printed, and the fences must grow all the same.
//
// `go tool mage faults` runs it. One seed decides all that is chosen by chance; what the operating system makes of it
// differs from run to run, so the journal of a run that failed is kept, and can be checked again.
package faults
