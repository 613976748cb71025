package gen

import (
	"path"
	"slices"
	"strings"
)

// pyReserved are the words that no name of a binding may be: Python's keywords, and what the bindings themselves use.
var pyReserved = strings.Fields(`and as assert async await break class continue def del elif else except finally for from
	global if import in is lambda nonlocal not or pass raise return try while with yield
	bool bytes dict float int keys list self str tuple`)

// pyName is the name of an argument, a field or a verb.
func pyName(name string) string {
	if slices.Contains(pyReserved, name) {
		return name + "_"
	}
	return name
}

// pyUnitName is that of one with a unit, which its name tells: Python has no type that every caller would use for it.
func pyUnitName(name, unit string) string {
	if unit == UnitMillis && !strings.HasSuffix(name, "_ms") {
		name += "_ms"
	}
	return pyName(name)
}

// pyShared are the files that belong to no primitive.
var pyShared = []string{"__init__.py", "runtime.py"}

func (p pkgID) pyFile() string { return p.goPackage() + ".py" }

// checkPyNames refuses arguments and fields that have one name in Python, because a unit was added to the one. Other names
// clash in Go as well.
func (m *Model) checkPyNames(problems *Problems) {
	for _, s := range m.Scripts {
		unique := func(line int, names []string) {
			for i, name := range names {
				if slices.Contains(names[:i], name) {
					problems.add(Position{s.File, line}, ruleName, "rename one of them", "two Python names %s", name)
				}
			}
		}
		var args []string
		for _, a := range s.Args {
			args = append(args, pyUnitName(a.Name, a.Unit))
		}
		unique(1, args)
		for _, r := range s.Replies {
			unique(r.line, pyFieldNames(r.Fields))
			for _, f := range r.Fields {
				unique(r.line, pyFieldNames(f.Rows))
			}
		}
		if s.Return != nil {
			unique(s.Return.line, pyFieldNames(s.Return.Rows))
		}
	}
}

func pyFieldNames(fields []Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, pyUnitName(f.Name, f.Unit))
	}
	return names
}

// pyPath is a file of the bindings, relative to Root.
func (o Options) pyPath(file string) string { return path.Join(o.PythonDir, file) }
