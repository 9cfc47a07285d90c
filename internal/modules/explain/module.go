package explain

import (
	"embed"
	"io/fs"

	"motcua/internal/core/identity"
	"motcua/internal/platform/module"
	"motcua/internal/platform/web"
)

//go:embed locale/*.json
var locales embed.FS

// Module is what this room gives the house.
func (x *Explainer) Module() module.Module {
	words, err := fs.Sub(locales, "locale")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return module.Module{Name: "explain", Locales: words, API: x.api, Routes: []web.Route{
		{Pattern: "GET /tra-ma", Access: identity.Anyone, Handle: x.ask},
		{Pattern: "POST /tra-ma", Access: identity.Anyone, Handle: x.answer, MaxBody: 64 << 10},
	}}
}
