package crew

import (
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// Shared is memory that all processes of a crew see. So a critical section is checked, and moments are compared,
// without a word to the server that is being measured.
type Shared struct {
	// Owner is the worker that is in the critical section, or 0.
	Owner *atomic.Int64
	// Inside is how many are in the section, where several may be; a writer counts as all of them.
	Inside *atomic.Int64
	// Turn counts the hand-offs; Unlocked is when the last unlock began, in ns of the wall clock, which all processes of
	// a machine share; Waiting says of the workers 1 and 2 whether they have begun to wait.
	Turn, Unlocked *atomic.Int64
	Waiting        [3]*atomic.Int64

	bytes []byte
	path  string
}

const sharedSize = 4096

// NewShared makes it, as a file in a folder.
func NewShared(dir string) (*Shared, error) {
	path := filepath.Join(dir, "shared")
	if err := os.WriteFile(path, make([]byte, sharedSize), 0o600); err != nil {
		return nil, err
	}
	return openShared(path)
}

func openShared(path string) (*Shared, error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	bytes, err := syscall.Mmap(int(file.Fd()), 0, sharedSize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	field := func(i int) *atomic.Int64 { return (*atomic.Int64)(unsafe.Pointer(&bytes[i*64])) } // a cache line each
	return &Shared{
		Owner: field(0), Turn: field(1), Unlocked: field(2), Waiting: [3]*atomic.Int64{1: field(3), 2: field(4)},
		Inside: field(5),
		bytes:  bytes, path: path,
	}, nil
}

// reset makes it as new.
func (s *Shared) reset() {
	for i := 0; i < len(s.bytes); i += binary.Size(int64(0)) {
		(*atomic.Int64)(unsafe.Pointer(&s.bytes[i])).Store(0)
	}
}

// Close gives the memory and the file back.
func (s *Shared) Close() error { return errors.Join(syscall.Munmap(s.bytes), os.Remove(s.path)) }

// enter and leave bracket a critical section; false says that somebody else was in it, or that more than the limit are.
func (s *Shared) enter(worker, weight, limit int64) bool {
	if limit > 0 {
		return s.Inside.Add(weight) <= limit
	}
	return s.Owner.CompareAndSwap(0, worker)
}

func (s *Shared) leave(worker, weight, limit int64) bool {
	if limit > 0 {
		return s.Inside.Add(-weight) >= 0
	}
	return s.Owner.CompareAndSwap(worker, 0)
}
