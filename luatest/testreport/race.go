package testreport

import (
	"os/exec"
	"strings"
)

// NoRaceDetector says why tests cannot run with the race detector, which is made of C; or nothing where they can.
func NoRaceDetector() string {
	settings, err := exec.Command("go", "env", "CGO_ENABLED", "CC").Output()
	if err != nil {
		return err.Error()
	}
	enabled, compiler, _ := strings.Cut(strings.TrimSpace(string(settings)), "\n")
	if enabled != "1" {
		return "without the race detector: cgo is off (no C compiler, or CGO_ENABLED=0)"
	}
	if _, err := exec.LookPath(strings.Fields(compiler + " cc")[0]); err != nil {
		return "without the race detector: no C compiler"
	}
	return ""
}
