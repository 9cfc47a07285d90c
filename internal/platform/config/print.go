package config

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"

	"motcua/internal/platform/i18n"
)

// Example returns the settings file with every setting, its explanation in lang
// first and in the other language after, and its default, commented out.
func Example(lang string) string {
	cfg := Default()
	var b strings.Builder
	b.WriteString("# " + map[string]string{
		i18n.VI: "Cấu hình của Motcua. Mọi mục đều có giá trị mặc định; bỏ dấu # ở mục cần đổi.\n" +
			"# Mỗi mục cũng đặt được bằng biến môi trường, ví dụ MOTCUA_SMTP_PORT. Bí mật nên đặt trong\n" +
			"# tệp riêng: password_file hoặc MOTCUA_SMTP_PASSWORD_FILE. Kiểm tra: motcua config check.",
		i18n.EN: "Settings of Motcua. Everything has a default; remove the # of what is to change.\n" +
			"# Each can also be an environment variable, e.g. MOTCUA_SMTP_PORT. Secrets are best kept in\n" +
			"# files of their own: password_file or MOTCUA_SMTP_PASSWORD_FILE. Check: motcua config check.",
	}[lang] + "\n")
	section(&b, reflect.ValueOf(&cfg).Elem(), lang)
	return b.String()
}

func section(b *strings.Builder, v reflect.Value, lang string) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		b.WriteByte('\n')
		explain(b, t.Tag, lang)
		if isSection(t.Type) {
			fmt.Fprintf(b, "[%s]\n", t.Tag.Get("toml"))
			section(b, v.Field(i), lang)
			continue
		}
		fmt.Fprintf(b, "# %s = %s\n", t.Tag.Get("toml"), literal(v.Field(i)))
	}
}

func explain(b *strings.Builder, tag reflect.StructTag, lang string) {
	first, second := tag.Get("vi"), tag.Get("en")
	if lang == i18n.EN {
		first, second = second, first
	}
	fmt.Fprintf(b, "## %s\n## %s\n", first, second)
}

// literal writes a value as TOML; secrets are hidden.
func literal(v reflect.Value) string {
	switch x := v.Interface().(type) {
	case Secret:
		return quote(x.String())
	case Address:
		return quote(x.String())
	case fmt.Stringer:
		return quote(x.String())
	}
	switch v.Kind() {
	case reflect.Slice:
		var items []string
		for i := range v.Len() {
			items = append(items, literal(v.Index(i)))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case reflect.Map:
		m := v.Interface().(map[string]string)
		var items []string
		for _, k := range slices.Sorted(maps.Keys(m)) {
			items = append(items, fmt.Sprintf("%s = %s", quote(k), quote(m[k])))
		}
		return "{" + strings.Join(items, ", ") + "}"
	case reflect.String:
		return quote(v.String())
	default:
		return fmt.Sprint(v.Interface())
	}
}

func quote(s string) string {
	var b strings.Builder
	if err := toml.NewEncoder(&b).Encode(map[string]string{"v": s}); err != nil {
		return fmt.Sprintf("%q", s)
	}
	return strings.TrimSpace(strings.TrimPrefix(b.String(), "v = "))
}

// Show returns the settings in force as TOML, secrets hidden, with a word on where
// each that is not a default came from.
func (c *Config) Show(origins Origins) string {
	var b strings.Builder
	last := ""
	for _, f := range fields(reflect.ValueOf(c).Elem(), "") {
		name := f.key
		if i := strings.LastIndexByte(f.key, '.'); i > 0 {
			if name = f.key[i+1:]; f.key[:i] != last {
				last = f.key[:i]
				fmt.Fprintf(&b, "\n[%s]\n", last)
			}
		}
		line := fmt.Sprintf("%s = %s", name, literal(f.val))
		if from := origins[f.key]; from != "" {
			line += "  # " + from
		}
		b.WriteString(line + "\n")
	}
	return b.String()
}

// Summary is the last line of `config check`.
func Summary(lang string, err error) string {
	p, _ := err.(Problems) //nolint:errorlint // Load returns it unwrapped
	switch {
	case len(p) == 0 && lang == i18n.EN:
		return "The settings are right."
	case len(p) == 0:
		return "Cấu hình hợp lệ."
	case lang == i18n.EN:
		return fmt.Sprintf("The settings have %d problem(s).", len(p))
	}
	return fmt.Sprintf("Cấu hình có %d lỗi.", len(p))
}
