// Package scenarios embeds the scenarios and the vectors of names of each primitive, in a folder of its name. They are data
// for tests in any language; README.md describes the format.
package scenarios

import (
	"embed"
	"io/fs"
)

//go:embed */*.json
var files embed.FS

// Of has every *.json of a primitive's folder; none if there is no such folder.
func Of(primitive string) fs.FS {
	sub, err := fs.Sub(files, primitive)
	if err != nil {
		panic(err) // the name of a primitive is a path
	}
	return sub
}
