// Package dist reads the scripts that are shipped: lua/dist, as the generator wrote it.
package dist

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"slices"

	"github.com/zferentz/go-redilock/lua"
)

// Env names another folder to read instead of lua/dist, with a manifest.json in it: changed scripts, say.
const Env = "REDILOCK_DIST"

// Script is one script and what the manifest says of it.
type Script struct {
	Name    string `json:"name"` // such as mutex.acquire
	Version int    `json:"version"`
	File    string `json:"file"` // relative to the manifest
	SHA1    string `json:"sha1"` // of the source, in hexadecimal
	Keys    []Key  `json:"keys"`
	Args    []Arg  `json:"args"`
	// Requires are arguments that must neither be empty nor 0 while another is there, or has, or has not, one of some
	// values.
	Requires []Require `json:"requires"`
	Replies  []struct {
		Tag    string `json:"tag"`
		Fields []struct {
			Name string `json:"name"`
		} `json:"fields"` // what follows the tag, in order
	} `json:"replies"`
	Errors []struct {
		Code string `json:"code"`
	} `json:"errors"`
	Commands []string `json:"commands"` // that it calls, sorted, in capitals
	ReadOnly bool     `json:"readonly"`
	ACL      string   `json:"acl"` // the rule of a user who calls it; {prefix} is what names begin with
	Source   string   `json:"-"`   // byte for byte
}

// Key is one of the KEYS of a script.
type Key struct {
	Name   string `json:"name"`
	Type   string `json:"type"`
	Suffix string `json:"suffix"` // of a companion key; empty: the name itself
}

// Arg is one of the ARGV of a script. Min and Max count bytes for a string.
type Arg struct {
	Name     string   `json:"name"`
	Type     string   `json:"type"`
	Min      *int64   `json:"min"`
	Max      *int64   `json:"max"`
	Values   []string `json:"values"` // of an enum
	Optional bool     `json:"optional"`
	Default  any      `json:"default"`
}

// Require is a condition under which an argument must neither be empty nor 0: that another one, When, is there; or, where
// there are values, that it has one of them, or none of them if Not.
type Require struct {
	Arg    string   `json:"arg"`
	When   string   `json:"when"`
	Not    bool     `json:"not"`
	Values []string `json:"values"`
}

// Load reads the folder that the environment names, or the module's own lua/dist.
func Load() ([]Script, error) {
	if dir := os.Getenv(Env); dir != "" {
		return LoadFS(os.DirFS(dir))
	}
	files, err := fs.Sub(lua.Dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("dist: %w", err)
	}
	return LoadFS(files)
}

// LoadFS reads manifest.json and the scripts that it lists.
func LoadFS(files fs.FS) ([]Script, error) {
	text, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, fmt.Errorf("dist: %w", err)
	}
	var manifest struct {
		Scripts []Script `json:"scripts"`
	}
	if err := json.Unmarshal(text, &manifest); err != nil {
		return nil, fmt.Errorf("dist: manifest.json: %w", err)
	}
	for i := range manifest.Scripts {
		s := &manifest.Scripts[i]
		source, err := fs.ReadFile(files, path.Clean(s.File))
		if err != nil {
			return nil, fmt.Errorf("dist: %w", err)
		}
		s.Source = string(source)
	}
	if len(manifest.Scripts) == 0 {
		return nil, errors.New("dist: manifest.json lists no script")
	}
	return manifest.Scripts, nil
}

// Find gives a script of a primitive and version, by its verb.
func Find(scripts []Script, primitive string, version int, verb string) (Script, error) {
	i := slices.IndexFunc(scripts, func(s Script) bool {
		return s.Name == primitive+"."+verb && s.Version == version
	})
	if i < 0 {
		return Script{}, fmt.Errorf("dist: no script %s.%s of version %d", primitive, verb, version)
	}
	return scripts[i], nil
}
