package luatest_test

import (
	"os"
	"regexp"
	"testing"

	"github.com/zferentz/go-redilock/luatest/semaphore"
)

// scenarioName is how lua/README.md names a scenario of the semaphore that shows what it says.
var scenarioName = regexp.MustCompile("`(sem-[a-z0-9-]+)`")

// TestProtocolNamesScenarios wants every scenario that the wire protocol's description refers to.
func TestProtocolNamesScenarios(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../lua/README.md")
	if err != nil {
		t.Fatal(err)
	}
	all, err := semaphore.Subject.Scenarios()
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, s := range all {
		known[s.Name] = true
	}
	named := scenarioName.FindAllSubmatch(text, -1)
	for _, m := range named {
		if name := string(m[1]); !known[name] {
			t.Errorf("lua/README.md names %s, and there is no such scenario", name)
		}
	}
	if len(named) < 30 {
		t.Errorf("it names %d scenarios of the semaphore", len(named))
	}
}
