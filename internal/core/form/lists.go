package form

import (
	"embed"
	"slices"
	"strings"
	"sync"

	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

//go:embed lists/*.txt
var listFiles embed.FS

// Option is one answer of a choice.
type Option struct {
	Value string
	Label i18n.Text
	Help  i18n.Text
}

// provincesOf is the day whose provinces the list "province" has: the last that the
// national list knows of. Addresses follow the units of the house instead.
var provincesOf = civil.MustDate("9999-12-31")

// known reads the embedded lists on first use; they never change.
var known = sync.OnceValue(func() map[string][]Option {
	lists := map[string][]Option{}
	entries, err := listFiles.ReadDir("lists")
	if err != nil {
		panic(err) // embedded at build time
	}
	for _, e := range entries {
		data, err := listFiles.ReadFile("lists/" + e.Name())
		if err != nil {
			panic(err)
		}
		lists[strings.TrimSuffix(e.Name(), ".txt")] = readOptions(string(data))
	}
	for _, u := range place.National().Provinces(provincesOf) {
		lists["province"] = append(lists["province"], Option{Value: u.Code, Label: u.Text()})
	}
	return lists
})

func readOptions(text string) []Option {
	var out []Option
	for line := range strings.Lines(text) {
		code, names, ok := strings.Cut(strings.TrimSpace(line), "|")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		vi, en, _ := strings.Cut(names, "|")
		out = append(out, Option{Value: code, Label: i18n.Text{VI: vi, EN: en}})
	}
	return out
}

// Lists names the shared lists that options_from may use.
func Lists() []string {
	var out []string
	for name := range known() {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// List returns a shared list; ok is false when there is none of this name.
func List(name string) (options []Option, ok bool) {
	options, ok = known()[name]
	return slices.Clone(options), ok
}
