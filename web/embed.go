// Package assets is the built stylesheet, fonts and scripts, embedded. Their
// sources stand beside it in src/; see README.md for how they are built.
package assets

import (
	"embed"
	"io/fs"
)

//go:embed static
var static embed.FS

// FS returns the built files with their names from the root: "app.css", "fonts/…".
func FS() fs.FS {
	sub, err := fs.Sub(static, "static")
	if err != nil { // the folder is embedded above
		panic(err)
	}
	return sub
}
