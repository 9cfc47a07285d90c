package form

import (
	"embed"
	"regexp"
	"slices"
	"strings"
	"sync"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/i18n"
)

//go:embed lists/*.txt
var listFiles embed.FS

// Option is one answer of a choice, or one unit of an address.
type Option struct {
	Value string
	Label i18n.Text
	Help  i18n.Text
}

// Commune is a unit of the lower level (xã, phường, đặc khu).
type Commune struct {
	Code     string // 5 digits
	Name     string // "Phường Ba Đình"
	Province string // 2 digits
}

// catalogue holds the embedded lists. It is read once and never changes.
type catalogue struct {
	lists    map[string][]Option
	communes map[string]Commune   // by code
	of       map[string][]Commune // by province code, in the order of the list
	byKey    map[string][]Commune // by folded name without its kind
	province map[string]Option
}

// known reads the embedded lists on first use.
var known = sync.OnceValue(func() *catalogue {
	c := &catalogue{
		lists: map[string][]Option{}, communes: map[string]Commune{}, of: map[string][]Commune{},
		byKey: map[string][]Commune{}, province: map[string]Option{},
	}
	entries, err := listFiles.ReadDir("lists")
	if err != nil {
		panic(err) // embedded at build time
	}
	for _, e := range entries {
		data, err := listFiles.ReadFile("lists/" + e.Name())
		if err != nil {
			panic(err)
		}
		if name := strings.TrimSuffix(e.Name(), ".txt"); name == "commune" {
			c.readCommunes(string(data))
		} else {
			c.lists[name] = readOptions(string(data))
		}
	}
	for _, p := range c.lists["province"] {
		c.province[p.Value] = p
	}
	return c
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

func (c *catalogue) readCommunes(text string) {
	province := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "="); ok {
			province = rest
			continue
		}
		code, name, ok := strings.Cut(line, "|")
		if strings.HasPrefix(line, "#") || !ok {
			continue
		}
		unit := Commune{Code: code, Name: name, Province: province}
		c.communes[code] = unit
		c.of[province] = append(c.of[province], unit)
		c.byKey[communeKey(name)] = append(c.byKey[communeKey(name)], unit)
	}
}

// communeKinds are the words before the name of a unit, folded, and their
// abbreviations as people type them.
var communeKinds = []string{"dac khu ", "phuong ", "thi tran ", "xa ", "p ", "x ", "tt ", "dk "}

// communeKey is what two spellings of one commune have in common.
func communeKey(name string) string {
	key := fold.Key(name)
	for _, kind := range communeKinds {
		if rest, ok := strings.CutPrefix(key, kind); ok && rest != "" {
			return rest
		}
	}
	return key
}

// Lists names the shared lists that options_from may use.
func Lists() []string {
	var out []string
	for name := range known().lists {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// List returns a shared list; ok is false when there is none of this name.
func List(name string) (options []Option, ok bool) {
	options, ok = known().lists[name]
	return slices.Clone(options), ok
}

// Communes lists the communes of a province by its code, nil for an unknown one.
func Communes(province string) []Commune { return slices.Clone(known().of[province]) }

// FindCommune resolves what a person typed ("xa tan tien", "Phường Ba Đình",
// "00004") within a province ("" searches the country). It returns every unit that
// can be meant: none, one, or several of the same name.
func FindCommune(province, typed string) []Commune {
	c := known()
	if unit, ok := c.communes[strings.TrimSpace(typed)]; ok {
		if province == "" || unit.Province == province {
			return []Commune{unit}
		}
		return nil
	}
	var found []Commune
	for _, unit := range c.byKey[communeKey(typed)] {
		if province == "" || unit.Province == province {
			found = append(found, unit)
		}
	}
	// One province may have "Xã Tân An" and "Phường Tân An", and "Xã Sơn Hà" and "Xã Sơn
	// Hạ": the kind decides when it was typed, and so do the marks.
	found = narrow(found, func(u Commune) bool { return fold.Key(u.Name) == fold.Key(typed) })
	return narrow(found, func(u Commune) bool { return fold.Sort(bareName(u.Name)) == fold.Sort(bareName(typed)) })
}

// narrow keeps what fits, or everything when nothing does.
func narrow(units []Commune, fits func(Commune) bool) []Commune {
	if len(units) < 2 {
		return units
	}
	var out []Commune
	for _, u := range units {
		if fits(u) {
			out = append(out, u)
		}
	}
	if len(out) == 0 {
		return units
	}
	return out
}

var kindWord = regexp.MustCompile(`(?i)^(đặc khu|phường|thị trấn|xã|p\.|x\.|tt\.|đk\.)\s*`)

func bareName(name string) string { return kindWord.ReplaceAllString(fold.Clean(name), "") }

// nearCommune names the commune of the province that was most likely meant.
func nearCommune(province, typed string) (Commune, bool) {
	units := known().of[province]
	keys := make([]string, len(units))
	for i, u := range units {
		keys[i] = communeKey(u.Name)
	}
	near := decl.Nearest(communeKey(typed), keys)
	if near == "" {
		return Commune{}, false
	}
	return units[slices.Index(keys, near)], true
}

// ProvinceName returns the name of a province by its code, zero for an unknown one.
func ProvinceName(code string) i18n.Text { return known().province[code].Label }

// CommuneName returns the name of a commune by its code, "" for an unknown one.
func CommuneName(code string) string { return known().communes[code].Name }
