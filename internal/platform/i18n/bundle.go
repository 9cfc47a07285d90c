package i18n

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Bundle holds every word of the screens, by language and key. It is built once
// at start and only read afterwards.
type Bundle struct {
	words map[string]map[string]string // language → key → words

	missing sync.Map               // language + key already reported
	report  func(lang, key string) // called once for each hole
}

// New gathers the locale files of many rooms. Each file system holds vi.json and
// en.json at its root or under locale/; a key that two rooms claim is an error,
// as is a file that is not a flat object of strings. A nil file system is skipped.
func New(locales ...fs.FS) (*Bundle, error) {
	b := &Bundle{words: map[string]map[string]string{VI: {}, EN: {}}}
	var errList []error
	for _, fsys := range locales {
		if fsys == nil {
			continue
		}
		found := false
		for _, lang := range Languages() {
			name, raw, err := readLocale(fsys, lang)
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return nil, err
			}
			found = true
			words := map[string]string{}
			if err := json.Unmarshal(raw, &words); err != nil {
				return nil, fmt.Errorf("%s: %w", name, err)
			}
			for key, w := range words {
				if _, taken := b.words[lang][key]; taken {
					errList = append(errList, fmt.Errorf("%s: key %q is already claimed by another room", name, key))
				}
				b.words[lang][key] = w
			}
		}
		if !found {
			errList = append(errList, errors.New("a locale folder holds neither vi.json nor en.json"))
		}
	}
	if len(errList) > 0 {
		return nil, errors.Join(errList...)
	}
	return b, nil
}

func readLocale(fsys fs.FS, lang string) (string, []byte, error) {
	var raw []byte
	var err error
	for _, name := range []string{lang + ".json", "locale/" + lang + ".json"} {
		if raw, err = fs.ReadFile(fsys, name); err == nil {
			return name, raw, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return name, nil, err
		}
	}
	return "", nil, fs.ErrNotExist
}

// OnMissing sets what happens the first time a key is found to be missing,
// usually one line in the log. Call it before the bundle is shared.
func (b *Bundle) OnMissing(report func(lang, key string)) { b.report = report }

// Has reports whether lang has words for key (or plural words for it).
func (b *Bundle) Has(lang, key string) bool {
	_, ok := b.find(lang, key, 2)
	return ok
}

// T returns the words for key in lang with the placeholders filled from kv
// (name, value, name, value…). When kv has "n", the plural forms key.one and
// key.other are tried before key. A missing key gives ⟦key⟧.
func (b *Bundle) T(lang, key string, kv ...any) string {
	n, counted := count(kv)
	var words string
	var ok bool
	if counted {
		words, ok = b.find(lang, key, n)
	} else if words, ok = b.words[lang][key]; !ok {
		words, ok = b.words[lang][key+".other"]
	}
	if !ok {
		if _, said := b.missing.LoadOrStore(lang+"\x00"+key, true); !said && b.report != nil {
			b.report(lang, key)
		}
		return "⟦" + key + "⟧"
	}
	return fill(words, lang, kv)
}

// find prefers the plural form that fits n; Vietnamese has only one form.
func (b *Bundle) find(lang, key string, n int64) (string, bool) {
	m := b.words[lang]
	if n == 1 {
		if w, ok := m[key+".one"]; ok {
			return w, true
		}
	}
	if w, ok := m[key+".other"]; ok {
		return w, true
	}
	w, ok := m[key]
	return w, ok
}

func count(kv []any) (int64, bool) {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "n" {
			switch v := kv[i+1].(type) {
			case int:
				return int64(v), true
			case int64:
				return v, true
			case float64: // a count that went through JSON
				if v == math.Trunc(v) && math.Abs(v) < 1<<53 {
					return int64(v), true
				}
			}
		}
	}
	return 0, false
}

func fill(words, lang string, kv []any) string {
	if len(kv) < 2 || !strings.Contains(words, "{") {
		return words
	}
	pairs := make([]string, 0, len(kv))
	for i := 0; i+1 < len(kv); i += 2 {
		pairs = append(pairs, "{"+fmt.Sprint(kv[i])+"}", show(lang, kv[i+1]))
	}
	return strings.NewReplacer(pairs...).Replace(words)
}

// show writes a placeholder's value by the rules of the language. Integers get
// thousands separators: hand over years and codes as strings.
func show(lang string, v any) string {
	switch v := v.(type) {
	case string:
		return v
	case Text:
		return v.Lang(lang)
	case int:
		return formatInt(lang, int64(v))
	case int32:
		return formatInt(lang, int64(v))
	case int64:
		return formatInt(lang, v)
	case float64:
		return formatFloat(lang, v, -1)
	case time.Time:
		return formatDateTime(lang, v)
	case error:
		return "" // an error's own words are for the log, never for a screen
	case fmt.Stringer:
		return v.String()
	default:
		return fmt.Sprint(v)
	}
}

// Keys returns every key of lang, sorted.
func (b *Bundle) Keys(lang string) []string {
	keys := make([]string, 0, len(b.words[lang]))
	for k := range b.words[lang] {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var placeholder = regexp.MustCompile(`\{[a-zA-Z_][a-zA-Z0-9_.]*\}`)

// Check lists what is wrong with a bundle in plain sentences: a key that one
// language lacks, words left empty, placeholders that differ between the
// languages. A test in the app fails on a non-empty list.
func Check(b *Bundle) []string {
	var out []string
	bases := map[string]bool{}
	for _, lang := range Languages() {
		for key, words := range b.words[lang] {
			bases[base(key)] = true
			if strings.TrimSpace(words) == "" {
				out = append(out, fmt.Sprintf("%s: %q is empty", lang, key))
			}
		}
	}
	for key := range bases {
		vi, okVI := b.find(VI, key, 2)
		en, okEN := b.find(EN, key, 2)
		switch {
		case !okVI:
			out = append(out, fmt.Sprintf("vi: %q is missing", key))
		case !okEN:
			out = append(out, fmt.Sprintf("en: %q is missing", key))
		default:
			if a, e := holes(vi), holes(en); a != e {
				out = append(out, fmt.Sprintf("%q: vi has placeholders [%s], en has [%s]", key, a, e))
			}
		}
	}
	slices.Sort(out)
	return out
}

// base strips the plural suffix.
func base(key string) string {
	key = strings.TrimSuffix(key, ".one")
	return strings.TrimSuffix(key, ".other")
}

func holes(words string) string {
	found := placeholder.FindAllString(words, -1)
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " ")
}

type ctxKey int

const (
	langKey ctxKey = iota
	bundleKey
)

// WithLang returns a context whose screens are in lang; an unknown language is Vietnamese.
func WithLang(ctx context.Context, lang string) context.Context {
	if lang != EN {
		lang = VI
	}
	return context.WithValue(ctx, langKey, lang)
}

// Lang returns the language of ctx, Vietnamese when none was set.
func Lang(ctx context.Context) string {
	if l, ok := ctx.Value(langKey).(string); ok {
		return l
	}
	return VI
}

// WithBundle returns a context whose words come from b. The web kit does this for
// every request, jobs that write to people do it themselves.
func WithBundle(ctx context.Context, b *Bundle) context.Context {
	return context.WithValue(ctx, bundleKey, b)
}

// From returns the bundle of ctx, or nil.
func From(ctx context.Context) *Bundle {
	b, _ := ctx.Value(bundleKey).(*Bundle)
	return b
}

// T returns the words for key in the language of ctx; see [Bundle.T].
func T(ctx context.Context, key string, kv ...any) string {
	b := From(ctx)
	if b == nil {
		return "⟦" + key + "⟧"
	}
	return b.T(Lang(ctx), key, kv...)
}

// TMap is T with the placeholders in a map, the shape errors carry them in.
func TMap(ctx context.Context, key string, args map[string]any) string {
	kv := make([]any, 0, 2*len(args))
	for k, v := range args {
		kv = append(kv, k, v)
	}
	return T(ctx, key, kv...)
}
