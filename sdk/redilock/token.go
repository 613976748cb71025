package redilock

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
)

const (
	maxTokenBytes = 512
	maxOwnerBytes = 256
	randomBytes   = 16
)

// tokens makes tokens. Random bytes are read for many at once: to ask the system for each costs more than all the rest.
type tokens struct {
	mu     sync.Mutex
	random [64 * randomBytes]byte
	left   int // bytes at the end of random that were not used
}

// next names one acquisition: owner/random. It is a capability, whoever knows it can release the lock, so it stays
// out of logs and errors; ownerOf gives the part that may be shown.
func (t *tokens) next(owner string) string {
	t.mu.Lock()
	if t.left == 0 {
		_, _ = rand.Read(t.random[:]) // never fails, says crypto/rand
		t.left = len(t.random)
	}
	var random [randomBytes]byte
	from := t.random[len(t.random)-t.left:][:randomBytes]
	copy(random[:], from)
	clear(from) // each is used once
	t.left -= randomBytes
	t.mu.Unlock()
	var buffer [128]byte
	return string(base64.RawURLEncoding.AppendEncode(append(append(buffer[:0], owner...), '/'), random[:]))
}

// ownerOf is the part of a token that may be shown: "" for one that another library made.
func ownerOf(token string) string {
	owner, random, found := cutLast(token, "/")
	if !found || len(random) != base64.RawURLEncoding.EncodedLen(randomBytes) {
		return ""
	}
	return owner
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

func defaultOwner() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	return host + ":" + strconv.Itoa(os.Getpid())
}

func checkOwner(owner string) error {
	if owner == "" || len(owner) > maxOwnerBytes {
		return fmt.Errorf("%w: an owner has 1 to %d bytes, this one %d", ErrInvalid, maxOwnerBytes, len(owner))
	}
	return nil
}

func checkToken(token string) error {
	if token == "" || len(token) > maxTokenBytes {
		return fmt.Errorf("%w: a token has 1 to %d bytes, this one %d", ErrInvalid, maxTokenBytes, len(token))
	}
	return nil
}
