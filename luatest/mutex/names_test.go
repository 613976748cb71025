package mutex_test

import (
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/scenario"
	"github.com/zferentz/go-redilock/luatest/scenarios"
)

// nameVector is one element of names.json.
type nameVector struct {
	Name       *string `json:"name"`
	Hex        *string `json:"hex"`
	Times      int     `json:"times"`
	Fence      string  `json:"fence"`
	Queue      string  `json:"queue"`
	Waiters    string  `json:"waiters"`
	FenceHex   string  `json:"fence_hex"`
	QueueHex   string  `json:"queue_hex"`
	WaitersHex string  `json:"waiters_hex"`
	Slot       int     `json:"slot"`
	Refused    string  `json:"refused"`
}

func (v nameVector) bytes(t *testing.T) string {
	t.Helper()
	if v.Hex != nil {
		return unhex(t, *v.Hex)
	}
	return strings.Repeat(*v.Name, max(v.Times, 1))
}

func unhex(t *testing.T, digits string) string {
	t.Helper()
	text, err := hex.DecodeString(digits)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestNames(t *testing.T) {
	t.Parallel()
	text, err := fs.ReadFile(scenarios.Of("mutex"), "names.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Names []nameVector `json:"names"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, v := range file.Names {
		name := v.bytes(t)
		for suffix, want := range map[string]string{
			"":                  name,
			":redilock:fence":   v.Fence + unhex(t, v.FenceHex),
			":redilock:queue":   v.Queue + unhex(t, v.QueueHex),
			":redilock:waiters": v.Waiters + unhex(t, v.WaitersHex),
		} {
			key, err := scenario.KeyName(name, suffix)
			switch {
			case (err != nil) != (v.Refused != ""):
				t.Errorf("name %.40q: got error %v, the vector says refused: %q", name, err, v.Refused)
			case err != nil:
			case want != "" && key != want:
				t.Errorf("name %.40q: key %.80q, want %.80q", name, key, want)
			case scenario.Slot(key) != v.Slot:
				t.Errorf("key %.80q: slot %d, want %d", key, scenario.Slot(key), v.Slot)
			}
		}
	}
}
