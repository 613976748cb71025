// Package interop proves that the raw scripts, the SDK and the locks that people run today exclude each other on one key
// of one server. It is a module of its own, so that what it compares with comes near nobody's go.mod; `go tool mage
// interop` runs it.
//
// Each contestant is a program of its own in folder workers: KIND HOST PORT. It prints "ready NAME VERSION", and then
// answers each line of its standard input with one line:
//
//	turn KEY FILE   →   done VALUE FENCE   it waited for the lock KEY and raised the number in FILE to VALUE under it;
//	                                       FENCE is 0 where the lock has none
//	                    fail TEXT          it did not
//	permit KEY LIMIT WEIGHT COUNTER
//	                →   done USED FENCE    it waited for WEIGHT of the LIMIT permits of KEY, raised the key COUNTER by as
//	                                       much to USED while it had them, and lowered it again
//	hold KEY            →   done 0 0           it has the lock KEY, and keeps it (Redisson's alone)
//
// In a round of two contestants the lock is held, both are sent a turn, and then the lock is given back. Mutual exclusion
// fails if the two values are not the next two.
package interop
