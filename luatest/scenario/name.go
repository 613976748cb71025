package scenario

import (
	"fmt"
	"regexp"
	"strings"
)

// MaxNameBytes is the length of the longest name of a lock.
const MaxNameBytes = 1024

// companion is how the companion keys of all primitives end.
var companion = regexp.MustCompile(`:redilock:[a-z]+\z`)

// KeyName is the key of a lock: its name, or, with a suffix, the companion key that is always in the same slot of a
// cluster. It is written apart from the SDK's own, so that one checks the other.
func KeyName(name, suffix string) (string, error) {
	if name == "" || len(name) > MaxNameBytes {
		return "", fmt.Errorf("a name has 1 to %d bytes, not %d", MaxNameBytes, len(name))
	}
	_, after, found := strings.Cut(name, "{")
	end := strings.IndexByte(after, '}')
	tagged := found && end > 0
	if !tagged && strings.Contains(name, "}") {
		return "", fmt.Errorf("the name %q has a } but no hash tag: its companions would be in another slot", name)
	}
	if tagged && name[0] == '{' && end == len(after)-1 {
		return "", fmt.Errorf("the name %q is a hash tag alone: its companions would be those of %q", name, after[:end])
	}
	if tagged && companion.MatchString(name) {
		return "", fmt.Errorf("the name %q has the form of a companion key", name)
	}
	switch {
	case suffix == "":
		return name, nil
	case tagged:
		return name + suffix, nil
	}
	return "{" + name + "}" + suffix, nil
}

// Slot is the slot of a key in a cluster: CRC16 (XMODEM) of its hash tag, or of all of it, modulo 16384.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
func Slot(key string) int {
	if _, after, found := strings.Cut(key, "{"); found {
		if end := strings.IndexByte(after, '}'); end > 0 {
			key = after[:end]
		}
	}
	crc := uint16(0)
	for i := range len(key) {
		crc ^= uint16(key[i]) << 8
		for range 8 {
			if crc&0x8000 != 0 {
				crc = crc<<1 ^ 0x1021
			} else {
				crc <<= 1
			}
		}
	}
	return int(crc) % 16384
}
