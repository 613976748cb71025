package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"

	"github.com/zferentz/go-redilock/lua"
	"github.com/zferentz/go-redilock/sdk/cmd/redilock/internal/table"
)

// scriptsCmd is about the Lua scripts that do it all.
type scriptsCmd struct {
	List   scriptsListCmd   `cmd:"" default:"withargs" help:"List names, versions and SHA1s."`
	Export scriptsExportCmd `cmd:"" help:"Write the scripts and their manifest to a folder."`
	Check  scriptsCheckCmd  `cmd:"" help:"See which servers have the scripts loaded."`
}

// manifest is what this program needs of lua/dist/manifest.json.
type manifest struct {
	Primitives []struct {
		Name    string `json:"name"`
		Version int    `json:"version"`
		ACL     string `json:"acl"`
	} `json:"primitives"`
	Scripts []script `json:"scripts"`
}

type script struct {
	Name    string `json:"name"`
	Version int    `json:"version"`
	File    string `json:"file"`
	SHA1    string `json:"sha1"`
}

// dist is the folder that ships: the scripts and manifest.json.
func dist() (fs.FS, manifest, error) {
	var m manifest
	files, err := fs.Sub(lua.Dist, "dist")
	if err != nil {
		return nil, m, err
	}
	text, err := fs.ReadFile(files, "manifest.json")
	if err != nil {
		return nil, m, err
	}
	return files, m, json.Unmarshal(text, &m)
}

// scriptsListCmd lists the scripts.
type scriptsListCmd struct {
	JSON bool `help:"One JSON object a line for each script."`
}

// Run is called by kong.
func (l *scriptsListCmd) Run(a *app) error {
	_, m, err := dist()
	if err != nil {
		return err
	}
	rows := [][]string{{"NAME", "VERSION", "SHA1", "FILE"}}
	for _, s := range m.Scripts {
		if l.JSON {
			if err := a.out.json(s); err != nil {
				return err
			}
		}
		rows = append(rows, []string{s.Name, strconv.Itoa(s.Version), s.SHA1, s.File})
	}
	if l.JSON {
		return nil
	}
	return a.out.lines(table.Lines(rows, nil))
}

// scriptsExportCmd writes the scripts to files.
type scriptsExportCmd struct {
	Dir   string `arg:"" help:"The folder, which is made if it is not there."`
	Force bool   `short:"f" help:"Write over files that are different."`
}

// Help is the end of redilock scripts export --help.
func (scriptsExportCmd) Help() string {
	return `
The files are byte for byte what this program sends to the server: SCRIPT LOAD gives the SHA1s of manifest.json.

Example:

    redilock scripts export ./redilock-lua`
}

// Run is called by kong.
func (e *scriptsExportCmd) Run(a *app) error {
	files, _, err := dist()
	if err != nil {
		return err
	}
	var names []string
	content := make(map[string][]byte)
	err = fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		names = append(names, name)
		content[name], err = fs.ReadFile(files, name)
		return err
	})
	if err != nil {
		return err
	}
	if !e.Force {
		for _, name := range names { // before anything is written
			there, err := os.ReadFile(filepath.Join(e.Dir, name))
			if err == nil && !bytes.Equal(there, content[name]) {
				return usage("%s is there and different: choose another folder, or write over it by --force",
					filepath.Join(e.Dir, name))
			}
		}
	}
	for _, name := range names {
		to := filepath.Join(e.Dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return usage("cannot write the scripts: %w", err)
		}
		if err := os.WriteFile(to, content[name], 0o644); err != nil {
			return usage("cannot write the scripts: %w", err)
		}
		if _, err := fmt.Fprintln(a.out, to); err != nil {
			return err
		}
	}
	return nil
}

// scriptsCheckCmd asks servers for the scripts.
type scriptsCheckCmd struct {
	Load bool `help:"Load those that are missing."`
	JSON bool `help:"One JSON object a line for each server and script."`
}

// Help is the end of redilock scripts check --help.
func (scriptsCheckCmd) Help() string {
	return `
Asks the server, or every server of a cluster, replicas too, which of the scripts of this version it has. A missing one
is no fault: the first call loads it, as does the first one after a restart, a failover or SCRIPT FLUSH.

Exit status: 0 all are loaded; 1 some are missing; 125 redilock or Redis failed.

Example:

    redilock scripts check --load`
}

// loadedJSON is a script on a server.
type loadedJSON struct {
	Server string `json:"server"`
	script
	Loaded bool `json:"loaded"`
}

// Run is called by kong.
func (k *scriptsCheckCmd) Run(a *app) error {
	files, m, err := dist()
	if err != nil {
		return err
	}
	rdb, err := a.open()
	if err != nil {
		return err
	}
	defer func() { _ = rdb.Close() }()
	ctx, stop := interruptible()
	defer stop()
	var mu sync.Mutex
	var found []loadedJSON
	check := func(ctx context.Context, address string, node redis.UniversalClient) error {
		for _, s := range m.Scripts {
			on, err := node.ScriptExists(ctx, s.SHA1).Result()
			if err == nil && !on[0] && k.Load {
				var source []byte
				if source, err = fs.ReadFile(files, s.File); err == nil {
					err = node.ScriptLoad(ctx, string(source)).Err()
					on[0] = err == nil
				}
			}
			if err != nil {
				return fmt.Errorf("%s: %w", address, err)
			}
			mu.Lock()
			found = append(found, loadedJSON{address, s, on[0]})
			mu.Unlock()
		}
		return nil
	}
	if cluster, ok := rdb.(*redis.ClusterClient); ok {
		err = cluster.ForEachShard(ctx, func(ctx context.Context, node *redis.Client) error {
			return check(ctx, node.Options().Addr, node)
		})
	} else {
		err = check(ctx, a.address(), rdb)
	}
	if err != nil {
		return err
	}
	slices.SortFunc(found, func(x, y loadedJSON) int {
		return strings.Compare(x.Server+"\x00"+x.Name, y.Server+"\x00"+y.Name)
	})
	return k.tell(a, found)
}

// errMissing has been said by the table.
var errMissing = exit{code: statusNo}

func (k *scriptsCheckCmd) tell(a *app, found []loadedJSON) error {
	rows := [][]string{{"SERVER", "NAME", "VERSION", "SHA1", "LOADED"}}
	var result error
	for _, f := range found {
		loaded := "yes"
		if !f.Loaded {
			loaded, result = "no", errMissing
		}
		rows = append(rows, []string{f.Server, f.Name, strconv.Itoa(f.Version), f.SHA1, loaded})
		if k.JSON {
			if err := a.out.json(f); err != nil {
				return err
			}
		}
	}
	if k.JSON {
		return result
	}
	return errors.Join(a.out.lines(table.Lines(rows, nil)), result)
}
