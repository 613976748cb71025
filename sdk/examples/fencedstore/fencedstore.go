// Package fencedstore is a fenced store, as small as one can be: a folder with a file for each key, whose writes carry the
// fence of the lock that they were made under. A write with a fence lower than the highest that the key has seen is refused.
// So a holder that was paused past its lease, and does not know yet, overwrites nothing.
//
// What matters is that the check and the write are one step that nobody comes between: here a lock on the file, in SQL a
// condition of the UPDATE (… WHERE fence <= ?), elsewhere a compare-and-set.
package fencedstore

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ErrStale is the error of a write that came too late: somebody with a higher fence has written the key. The lock was
// lost; read again under a new one.
var ErrStale = errors.New("stale fence: a later holder of the lock has written")

// maxLine is how long an entry can be, in bytes.
const maxLine = 1024

// Store is a folder of values. Any number of processes may use it at once.
type Store struct {
	dir       string
	unchecked bool
}

// Entry is one accepted write.
type Entry struct {
	Fence int64
	Value string
}

// Open gives the store of a folder, which must exist.
func Open(dir string) *Store { return &Store{dir: dir} }

// OpenUnchecked gives the store of a folder without the check of the fence: to show what gets lost then.
func OpenUnchecked(dir string) *Store { return &Store{dir: dir, unchecked: true} }

// Read gives the last entry of a key; a zero Entry if there is none.
func (s *Store) Read(key string) (Entry, error) {
	var last Entry
	err := s.locked(key, syscall.LOCK_SH, func(file *os.File) (err error) {
		last, _, err = tail(file)
		return err
	})
	return last, err
}

// Write sets a key to a value, under a lock with this fence. The error wraps ErrStale if a higher fence has written it
// before. The value is one line of less than 1000 bytes.
func (s *Store) Write(key, value string, fence int64) error {
	line := fmt.Appendf(nil, "%d %s\n", fence, value)
	if len(line) > maxLine || bytes.Count(line, []byte("\n")) != 1 {
		return fmt.Errorf("store: %q: the value is longer than a line of %d bytes", key, maxLine)
	}
	return s.locked(key, syscall.LOCK_EX, func(file *os.File) error {
		last, end, err := tail(file)
		if err != nil {
			return err
		}
		if fence < last.Fence && !s.unchecked {
			return fmt.Errorf("store: %q: fence %d after %d: %w", key, fence, last.Fence, ErrStale)
		}
		_, err = file.WriteAt(line, end)
		return err
	})
}

// History gives all accepted writes of a key, the first one first.
func (s *Store) History(key string) ([]Entry, error) {
	var entries []Entry
	err := s.locked(key, syscall.LOCK_SH, func(file *os.File) error {
		text, err := os.ReadFile(file.Name())
		if err != nil {
			return err
		}
		for line := range bytes.Lines(text) {
			if line[len(line)-1] != '\n' {
				break
			}
			e, err := parse(line)
			if err != nil {
				return err
			}
			entries = append(entries, e)
		}
		return nil
	})
	return entries, err
}

// locked opens the file of a key and keeps other processes out of it meanwhile.
func (s *Store) locked(key string, how int, do func(file *os.File) error) (err error) {
	file, err := os.OpenFile(filepath.Join(s.dir, url.QueryEscape(key)), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	defer file.Close() // which unlocks it
	if err := syscall.Flock(int(file.Fd()), how); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return do(file)
}

// tail reads the last entry, and tells where the next one goes: half a line, from a writer that died, does not count.
func tail(file *os.File) (last Entry, end int64, err error) {
	info, err := file.Stat()
	if err != nil {
		return Entry{}, 0, err
	}
	from := max(0, info.Size()-2*maxLine)
	text := make([]byte, info.Size()-from)
	if _, err := file.ReadAt(text, from); err != nil {
		return Entry{}, 0, err
	}
	whole := bytes.LastIndexByte(text, '\n') + 1
	if whole == 0 {
		return Entry{}, 0, nil
	}
	start := bytes.LastIndexByte(text[:whole-1], '\n') + 1
	last, err = parse(text[start:whole])
	return last, from + int64(whole), err
}

func parse(line []byte) (Entry, error) {
	fence, value, _ := bytes.Cut(bytes.TrimSuffix(line, []byte("\n")), []byte(" "))
	n, err := strconv.ParseInt(string(fence), 10, 64)
	if err != nil {
		return Entry{}, fmt.Errorf("store: damaged entry %q", line)
	}
	return Entry{n, string(value)}, nil
}
