// Package packs embeds the sector packs that ship with the program: one folder
// per pack, declarations only. What a file may hold is told in docs/packs.md.
package packs

import "embed"

// FS holds one folder per pack at its root.
//
//go:embed economy health justice labour urban
var FS embed.FS
