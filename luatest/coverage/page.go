package coverage

import (
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
)

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Coverage of the scripts</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222 }
table.sum td, table.sum th { padding: .1rem 1rem; text-align: right } table.sum td:first-child { text-align: left }
h2 { margin-top: 2.5rem; font-size: 1.1rem }
pre { line-height: 1.45; border: 1px solid #ddd; border-radius: 4px; overflow-x: auto; padding: .5rem 0 }
pre span { display: block; padding: 0 1rem; white-space: pre }
pre i { display: inline-block; width: 3rem; color: #999; font-style: normal; user-select: none }
.all { background: #e8f6e8 } .part { background: #fff3cd } .none { background: #f8d7da } b { font-weight: 600; color: #a33 }
@media (prefers-color-scheme: dark) { body { background: #16181c; color: #ddd } pre { border-color: #333 }
.all { background: #16301c } .part { background: #4a3c10 } .none { background: #4d1d22 } }
</style>
<h1>Coverage of the scripts</h1>
<p>Green: run, and every branch of it went both ways. Yellow: a branch went one way only. Red: never run.</p>
<table class="sum"><tr><th></th><th>lines</th><th>branches</th></tr>
{{range .}}<tr><td><a href="#{{.Name}}">{{.Name}}</a></td><td>{{.Lines}}</td><td>{{.Branches}}</td></tr>
{{end}}</table>
{{range .}}<h2 id="{{.Name}}">{{.Name}}</h2>
<pre>{{range .Source}}<span class="{{.Class}}"><i>{{.Number}}</i>{{.Text}}
{{- with .Missed}} <b>{{.}}</b>{{end}}</span>{{end}}</pre>
{{end}}</html>
`))

type pageFile struct {
	Name, Lines, Branches string
	Source                []pageLine
}

type pageLine struct {
	Number              int
	Text, Class, Missed string
}

// Page writes the report as a page with the coloured sources, which it reads from files.
func (r *Report) Page(w io.Writer, files fs.FS) error {
	var all []pageFile
	for _, f := range r.Files {
		text, err := fs.ReadFile(files, f.Name)
		if err != nil {
			return fmt.Errorf("coverage: %w", err)
		}
		n := f.Figures()
		p := pageFile{
			Name:     f.Name,
			Lines:    fmt.Sprintf("%d of %d, %s", n.LinesSeen, n.Lines, percent(n.LinesSeen, n.Lines)),
			Branches: fmt.Sprintf("%d of %d, %s", n.WaysSeen, n.Ways, percent(n.WaysSeen, n.Ways)),
		}
		for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
			l := pageLine{Number: i + 1, Text: line}
			if c := f.Lines[i+1]; c != nil {
				l.Missed = c.Missed()
				switch {
				case !c.Seen:
					l.Class = "none"
				case l.Missed != "":
					l.Class = "part"
				default:
					l.Class = "all"
				}
			}
			p.Source = append(p.Source, l)
		}
		all = append(all, p)
	}
	return page.Execute(w, all)
}
