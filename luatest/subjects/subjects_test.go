package subjects_test

import (
	"strings"
	"testing"

	"github.com/zferentz/go-redilock/luatest/dist"
	"github.com/zferentz/go-redilock/luatest/subjects"
)

// TestAll fails when a script belongs to no subject: nobody would prove it.
func TestAll(t *testing.T) {
	t.Parallel()
	scripts, err := dist.Load()
	if err != nil {
		t.Fatal(err)
	}
	proven := map[string]bool{}
	for _, s := range subjects.All() {
		own, err := s.Scripts()
		if err != nil {
			t.Error(err)
		}
		for _, script := range own {
			proven[script.File] = true
		}
	}
	for _, script := range scripts {
		if !proven[script.File] {
			primitive, _, _ := strings.Cut(script.Name, ".")
			t.Errorf("%s version %d is no subject's: describe %s to the suites, in package %s, and list it in subjects",
				script.Name, script.Version, primitive, primitive)
		}
	}
}
