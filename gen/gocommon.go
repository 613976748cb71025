package gen

import (
	"fmt"
	"path"
	"strconv"
	"strings"
)

// renderPackage gives the Go files of one package, by name.
func renderPackage(o Options, group []*Script) (map[string][]byte, error) {
	id, files := group[0].pkg(), map[string][]byte{}
	source := path.Join(o.Source, id.dir())
	doc := &goWriter{}
	doc.comment("Package %s calls the scripts of %s, version %d, each of which is documented at the function of its name.",
		id.goPackage(), id.primitive, id.version)
	b := []byte(fmt.Sprintf("%s%s; DO NOT EDIT.\n\n%spackage %s\n", o.goMarker(), source, doc.String(), id.goPackage()))
	files["doc.go"] = b

	common := &goWriter{}
	if sameKeys(group) {
		common.keysType("Keys", group[0])
	}
	for _, e := range goEnums(group) {
		common.enum(e)
	}
	sharedRows(group, func(_ *Script, list Field) {
		row := goName(list.Name) + "Row"
		common.comment("%s is one of the rows of %s, in every reply that lists them.", row, list.Name)
		common.structType(row, list.Rows, nil)
	})
	common.comment("Scripts lists every script of the package, for those who load them ahead of the first call.")
	common.line("func Scripts() []*scripts.Script {\nreturn []*scripts.Script{")
	for _, s := range group {
		common.line("%sScript,", goLocal(s.Verb))
	}
	common.line("}\n}")
	imports := []string{strconv.Quote(o.GoRuntime)}
	if strings.Contains(common.String(), "time.Duration") {
		imports = append([]string{`"time"`, ""}, imports...)
	}
	b, err := common.file(o, source, id, imports...)
	if err != nil {
		return nil, fmt.Errorf("common.go of %s: %w", id, err)
	}
	files["common.go"] = b

	for _, s := range group {
		b, err := renderScript(o, group, s)
		if err != nil {
			return nil, fmt.Errorf("binding of %s: %w", s.Name(), err)
		}
		files[s.goFile()] = b
	}
	return files, nil
}

func (w *goWriter) enum(e goEnum) {
	var takers []string
	for _, s := range e.scripts {
		takers = append(takers, s.Name())
	}
	w.comment("%s is an argument of %s%s. %s", e.name, strings.Join(takers, " and "), after(": ", e.arg.Doc), e.zero())
	w.line("type %s string\n", e.name)
	w.line("// The values of %s.\nconst (", e.name)
	for _, v := range e.arg.Values {
		w.line("%s%s %s = %q", e.name, goName(v), e.name, v)
	}
	w.line(")\n")
	if e.arg.Optional {
		w.line("func (e %s) orDefault() string {\nif e == \"\" {\nreturn %q\n}\nreturn string(e)\n}\n",
			e.name, e.arg.Default)
	}
}

func (e goEnum) zero() string {
	if e.arg.Optional {
		return fmt.Sprintf("The zero value means [%s%s].", e.name, goName(e.arg.Default.(string)))
	}
	return "It must be set."
}
