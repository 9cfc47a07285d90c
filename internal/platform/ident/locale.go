package ident

import (
	"embed"
	"io/fs"
)

//go:embed locale/vi.json locale/en.json
var locales embed.FS

// Locales returns the words of the error codes, for the bundle.
func Locales() fs.FS { return locales }
