package gen

import (
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Options says where things are. Every path is slash-separated and relative to Root.
type Options struct {
	Root      string // a directory of the file system
	Source    string // the annotated scripts: primitive/vN/verb.lua below it
	Dist      string // gets the expanded scripts and manifest.json, and holds nothing else
	GoDir     string // gets one package for each primitive and version
	GoRuntime string // the import path of the package that the bindings call
	Readme    string // holds the tables, between markers
	Released  string // pins what is released
}

// Model is a folder of scripts that passed every check, sorted by name and version.
type Model struct {
	Scripts []*Script
}

// Load reads and checks all the scripts. Its error is of type [Problems] when the scripts are to blame.
func Load(o Options) (*Model, error) {
	files, err := sources(o)
	if err != nil {
		return nil, err
	}
	m, problems := &Model{}, &Problems{}
	for folder, scripts := range groupByFolder(files) {
		x := &expander{root: o.Root, problems: problems, used: map[string]bool{}}
		for _, file := range scripts {
			if s := load(o, x, file); s != nil {
				m.Scripts = append(m.Scripts, s)
			}
		}
		x.checkOrphans(folder)
	}
	slices.SortFunc(m.Scripts, func(a, b *Script) int {
		return strings.Compare(a.sortKey(), b.sortKey())
	})
	if err := problems.err(); err != nil {
		return nil, err
	}
	m.checkGoNames(problems)
	return m, problems.err()
}

// load reads one script. It returns nil when the script cannot be expanded.
func load(o Options, x *expander, file string) *Script {
	before := len(*x.problems)
	s := &Script{File: file, Dist: strings.TrimPrefix(file, o.Source+"/"), Source: x.expand(file)}
	if len(*x.problems) > before {
		return nil
	}
	parseHeader(s, x.problems)
	if c := parseLua(s.Source, x.problems); c != nil {
		check(s, c, x.problems)
	}
	return s
}

func (s *Script) sortKey() string { return fmt.Sprintf("%s %06d %s", s.Primitive, s.Version, s.Verb) }

// sources lists the scripts, Dist left out.
func sources(o Options) ([]string, error) {
	found, err := filepath.Glob(filepath.Join(o.Root, filepath.FromSlash(o.Source), "*", "v*", "*.lua"))
	if err != nil {
		return nil, err
	}
	var files []string
	for _, f := range found {
		rel, err := filepath.Rel(o.Root, f)
		if err != nil {
			return nil, err
		}
		if rel = filepath.ToSlash(rel); !strings.HasPrefix(rel, o.Dist+"/") {
			files = append(files, rel)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no script in %s: they are looked for as primitive/vN/verb.lua", o.Source)
	}
	return files, nil
}

func groupByFolder(files []string) map[string][]string {
	folders := map[string][]string{}
	for _, f := range files {
		folders[path.Dir(f)] = append(folders[path.Dir(f)], f)
	}
	return folders
}

// packages groups the scripts by primitive and version, in order.
func (m *Model) packages() [][]*Script {
	var groups [][]*Script
	for i, s := range m.Scripts {
		if i == 0 || s.pkg() != m.Scripts[i-1].pkg() {
			groups = append(groups, nil)
		}
		groups[len(groups)-1] = append(groups[len(groups)-1], s)
	}
	return groups
}
