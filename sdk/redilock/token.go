package redilock

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"strconv"
	"strings"
)

const (
	maxTokenBytes = 512
	maxOwnerBytes = 256
	randomBytes   = 16
)

// newToken names one acquisition: owner/random. It is a capability, whoever knows it can release the lock, so it stays
// out of logs and errors; ownerOf gives the part that may be shown.
func newToken(owner string) string {
	var random [randomBytes]byte
	_, _ = rand.Read(random[:]) // never fails, says crypto/rand
	return owner + "/" + base64.RawURLEncoding.EncodeToString(random[:])
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
