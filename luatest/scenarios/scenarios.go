// Package scenarios embeds the scenarios and the vectors of names, which are data for tests in any language; README.md
// describes the format.
package scenarios

import "embed"

// Files has every *.json of this folder.
//
//go:embed *.json
var Files embed.FS
