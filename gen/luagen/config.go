// Package luagen is the generator as a tool: its configuration file, and what the command luagen does.
package luagen

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"

	"go.yaml.in/yaml/v3"

	"github.com/zferentz/go-redilock/gen"
)

// File is the name of the configuration file.
const File = "luagen.yaml"

// Runtime is the import path of the package that generated bindings call.
const Runtime = "github.com/zferentz/go-redilock/sdk/scripts"

// Config is the configuration file. Paths are slash-separated and relative to Root.
type Config struct {
	Version   int      `yaml:"version"` // of the file's form: 1
	Root      string   `yaml:"root"`    // relative to the file; its own folder by default
	Source    string   `yaml:"source"`  // the annotated scripts, as primitive/vN/verb.lua; lua by default
	Dist      string   `yaml:"dist"`    // gets the scripts that are sent and manifest.json; dist in Source by default
	Go        GoConfig `yaml:"go"`      // the bindings
	Python    Python   `yaml:"python"`
	Readme    string   `yaml:"readme"`    // gets the tables; README.md in Source by default
	Released  string   `yaml:"released"`  // pins what is released; released.json in Source by default
	Generator string   `yaml:"generator"` // what generated files say of their origin; luagen by default
}

// GoConfig says where the Go bindings are.
type GoConfig struct {
	Dir     string `yaml:"dir"`     // gets a package for each primitive and version; scripts by default
	Runtime string `yaml:"runtime"` // the import path of the package that they call; [Runtime] by default

	EvalshaRO bool `yaml:"evalsha_ro"` // scripts that are read-only are called by EVALSHA_RO
}

// Python says where the Python bindings are. Without it there are none.
type Python struct {
	Dir       string `yaml:"dir"`        // a package: gets a module for each primitive and version, and what they share
	EvalshaRO bool   `yaml:"evalsha_ro"` // as that of GoConfig
}

// Load reads a configuration file. An empty name is luagen.yaml, or lua/luagen.yaml where there is none.
func Load(file string) (gen.Options, error) {
	if file == "" {
		file = File
		if _, err := os.Stat(file); errors.Is(err, os.ErrNotExist) {
			file = filepath.Join("lua", File)
		}
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return gen.Options{}, fmt.Errorf("%w; write one with luagen init, or name it with --config", err)
	}
	if err != nil {
		return gen.Options{}, err
	}
	var c Config
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil {
		return gen.Options{}, fmt.Errorf("%s: %w", file, err)
	}
	if c.Version != 1 {
		return gen.Options{}, fmt.Errorf("%s: version is %d; write version: 1", file, c.Version)
	}
	return c.options(filepath.Dir(file)), nil
}

func (c Config) options(dir string) gen.Options {
	source := cmp.Or(c.Source, "lua")
	return gen.Options{
		Root:            filepath.Join(dir, filepath.FromSlash(c.Root)),
		Source:          source,
		Dist:            cmp.Or(c.Dist, path.Join(source, "dist")),
		GoDir:           cmp.Or(c.Go.Dir, "scripts"),
		GoRuntime:       cmp.Or(c.Go.Runtime, Runtime),
		GoEvalshaRO:     c.Go.EvalshaRO,
		PythonDir:       c.Python.Dir,
		PythonEvalshaRO: c.Python.EvalshaRO,
		Readme:          cmp.Or(c.Readme, path.Join(source, "README.md")),
		Released:        cmp.Or(c.Released, path.Join(source, "released.json")),
		Generator:       cmp.Or(c.Generator, "luagen"),
	}
}
