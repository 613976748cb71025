package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// versionCmd tells which redilock this is.
type versionCmd struct {
	JSON bool `help:"As JSON."`
}

// versionJSON is what version prints. Protocol lists the primitives whose scripts are inside.
type versionJSON struct {
	Version  string   `json:"version"`
	Revision string   `json:"revision,omitempty"`
	Go       string   `json:"go"`
	Platform string   `json:"platform"`
	Protocol []string `json:"protocol"`
}

// Run is called by kong.
func (v *versionCmd) Run(a *app) error {
	_, m, err := dist()
	if err != nil {
		return err
	}
	j := versionJSON{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			j.Version = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				j.Revision = s.Value + j.Revision
			case s.Key == "vcs.modified" && s.Value == "true":
				j.Revision += "+changes"
			}
		}
	}
	for _, p := range m.Primitives {
		j.Protocol = append(j.Protocol, fmt.Sprintf("%s v%d", p.Name, p.Version))
	}
	if v.JSON {
		return a.out.json(j)
	}
	_, err = fmt.Fprintf(a.out, "redilock %s (%s, %s, %s)\n", j.Version, strings.Join(j.Protocol, ", "), j.Go, j.Platform)
	return err
}
