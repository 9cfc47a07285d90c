package config

import (
	"encoding"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/BurntSushi/toml"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/i18n"
)

// Prefix begins the names of the environment variables.
const Prefix = "MOTCUA_"

// foreign are variables that begin like ours and are not settings: those of tests
// and benchmarks, and the path of the settings file itself.
var foreign = []string{"MOTCUA_TEST_", "MOTCUA_E2E_", "MOTCUA_BENCH_", "MOTCUA_CONFIG"}

// Input says where settings are read from.
type Input struct {
	File    string            // TOML file; "" reads none
	Environ []string          // os.Environ(); nil reads none
	Flags   map[string]string // "smtp.port" → "25", from the command line
}

// Origins says where each setting that is not a default came from, by its key.
type Origins map[string]string

// Load reads the settings and checks them. When something is wrong the error is
// Problems, all of them at once; what could be read is returned all the same.
func Load(in Input) (Config, Origins, error) {
	l := &loader{cfg: Default(), origins: Origins{}}
	l.fields = fields(reflect.ValueOf(&l.cfg).Elem(), "")
	if in.File != "" {
		l.file(in.File)
	}
	l.environ(in.Environ)
	for _, key := range slices.Sorted(maps.Keys(in.Flags)) {
		if f := l.field(key); f != nil {
			l.setText(f, "--"+strings.ReplaceAll(key, ".", "-"), in.Flags[key])
		} else {
			l.unknown("--"+key, key)
		}
	}
	l.problems = append(l.problems, l.cfg.validate(l.origins)...)
	if len(l.problems) > 0 {
		return l.cfg, l.origins, l.problems
	}
	return l.cfg, l.origins, nil
}

// field is one setting.
type field struct {
	key string // "smtp.port"
	val reflect.Value
	tag reflect.StructTag
}

func (f field) env() string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(f.key, ".", "_"))
}

func (f field) secret() bool {
	switch f.val.Interface().(type) {
	case Secret, Address:
		return true
	}
	return false
}

// fields lists the settings of a struct in the order of the file.
func fields(v reflect.Value, under string) (all []field) {
	for i := range v.NumField() {
		t := v.Type().Field(i)
		key := under + t.Tag.Get("toml")
		if isSection(t.Type) {
			all = append(all, fields(v.Field(i), key+".")...)
			continue
		}
		all = append(all, field{key, v.Field(i), t.Tag})
	}
	return all
}

func isSection(t reflect.Type) bool {
	return t.Kind() == reflect.Struct && t != reflect.TypeFor[netip.Prefix]()
}

type loader struct {
	cfg      Config
	fields   []field
	origins  Origins
	problems Problems
}

func (l *loader) field(key string) *field {
	for i := range l.fields {
		if l.fields[i].key == key {
			return &l.fields[i]
		}
	}
	return nil
}

// fileOf finds the secret that "smtp.password_file" gives the file of.
func (l *loader) fileOf(key string) *field {
	if base, ok := strings.CutSuffix(key, "_file"); ok {
		if f := l.field(base); f != nil && f.secret() {
			return f
		}
	}
	return nil
}

func (l *loader) problem(key, where string, what, remedy i18n.Text) {
	l.problems = append(l.problems, Problem{key, where, what, remedy})
}

func (l *loader) unknown(where, key string) {
	var keys []string
	for _, f := range l.fields {
		keys = append(keys, f.key)
		if f.secret() {
			keys = append(keys, f.key+"_file")
		}
	}
	remedy := text("Xem các mục có sẵn: motcua config example.", "See what exists: motcua config example.")
	if near := decl.Nearest(key, keys); near != "" {
		remedy = text("Có phải ý ông/bà là %q? Xem các mục có sẵn: motcua config example.", "Did you mean %q? See what exists: motcua config example.", near)
	}
	l.problem(key, where, text("không có mục cấu hình này", "there is no such setting"), remedy)
}

func (l *loader) file(path string) {
	name := filepath.Base(path)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		l.problem("", name, text("không có tệp cấu hình này", "there is no such settings file"),
			text("Tạo tệp: motcua config example > %s", "Make one: motcua config example > %s", name))
		return
	}
	if err != nil {
		l.problem("", name, text("không đọc được tệp cấu hình: %v", "the settings file cannot be read: %v", err),
			text("Kiểm tra quyền đọc của tài khoản chạy motcua.", "Check that the account running motcua may read it."))
		return
	}
	raw := map[string]any{}
	if _, err := toml.Decode(string(b), &raw); err != nil {
		where, what := name, err.Error()
		if pe, ok := errors.AsType[toml.ParseError](err); ok {
			where, what = fmt.Sprintf("%s:%d", name, pe.Position.Line), pe.Message
		}
		l.problem("", where, text("sai cú pháp TOML: %s", "not valid TOML: %s", what),
			text("Sửa dòng này; chuỗi phải nằm trong dấu ngoặc kép.", "Correct this line; texts stand in double quotes."))
		return
	}
	lines := keyLines(string(b))
	at := func(key string) string {
		if n := lines[key]; n > 0 {
			return fmt.Sprintf("%s:%d", name, n)
		}
		return name
	}
	l.table(raw, "", at, filepath.Dir(path))
}

// table takes over the values of one table of the file.
func (l *loader) table(raw map[string]any, under string, at func(string) string, dir string) {
	for _, k := range slices.Sorted(maps.Keys(raw)) {
		key := under + k
		if f := l.field(key); f != nil {
			l.setValue(f, at(key), raw[k])
			continue
		}
		if f := l.fileOf(key); f != nil {
			if path, ok := raw[k].(string); ok {
				if !filepath.IsAbs(path) {
					path = filepath.Join(dir, path) // beside the settings file
				}
				l.setFile(f, at(key), path)
				continue
			}
		}
		if inner, ok := raw[k].(map[string]any); ok && slices.ContainsFunc(l.fields, func(f field) bool { return strings.HasPrefix(f.key, key+".") }) {
			l.table(inner, key+".", at, dir)
			continue
		}
		l.unknown(at(key), key)
	}
}

// keyLines finds the line on which each key of a TOML text stands. The text is
// known to parse; inline tables and many-line texts are good enough at their head.
func keyLines(s string) map[string]int {
	lines := map[string]int{}
	section := ""
	for i, line := range strings.Split(s, "\n") {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") && !strings.HasPrefix(line, "[[") {
			if end := strings.IndexByte(line, ']'); end > 0 {
				section = plainKey(line[1:end])
				lines[section] = i + 1
				section += "."
			}
			continue
		}
		if k, _, ok := strings.Cut(line, "="); ok && !strings.HasPrefix(line, "#") {
			key := section + plainKey(k)
			for ; key != ""; key = parent(key) {
				if lines[key] == 0 {
					lines[key] = i + 1
				}
			}
		}
	}
	return lines
}

func parent(key string) string {
	if i := strings.LastIndexByte(key, '.'); i > 0 {
		return key[:i]
	}
	return ""
}

func plainKey(k string) string {
	parts := strings.Split(k, ".")
	for i, p := range parts {
		parts[i] = strings.Trim(strings.TrimSpace(p), `"'`)
	}
	return strings.Join(parts, ".")
}

func (l *loader) environ(env []string) {
	env = slices.Sorted(slices.Values(env))
	for _, kv := range env {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, Prefix) || slices.ContainsFunc(foreign, func(p string) bool { return strings.HasPrefix(name, p) }) {
			continue
		}
		var found *field
		file := false
		for i := range l.fields {
			f := &l.fields[i]
			switch {
			case f.env() == name:
				found = f
			case f.secret() && f.env()+"_FILE" == name:
				found, file = f, true
			}
		}
		switch {
		case found == nil:
			l.unknown(name, strings.ToLower(strings.TrimPrefix(name, Prefix)))
		case file:
			l.setFile(found, name, value)
		default:
			l.setText(found, name, value)
		}
	}
}

// setFile reads a secret from its file, without the line end that editors add.
func (l *loader) setFile(f *field, where, path string) {
	b, err := os.ReadFile(path)
	if err != nil {
		var cause *fs.PathError
		if errors.As(err, &cause) {
			err = cause.Err
		}
		l.problem(f.key, where, text("không đọc được tệp chứa bí mật: %v", "the file of the secret cannot be read: %v", err),
			text("Kiểm tra đường dẫn và quyền đọc.", "Check its path and permissions."))
		return
	}
	l.setText(f, where, strings.TrimRight(string(b), "\r\n"))
}

// setText sets a value given as text.
func (l *loader) setText(f *field, where, s string) {
	if err := parse(f.val, s); err != nil {
		l.bad(f, where, err)
		return
	}
	l.origins[f.key] = where
}

// setValue sets a value of the file, whose type must be right.
func (l *loader) setValue(f *field, where string, v any) {
	err := error(nil)
	switch v := v.(type) {
	case string:
		if k := f.val.Kind(); k == reflect.Bool || k == reflect.Int || k == reflect.Slice || k == reflect.Map {
			err = expected(f.val)
		} else {
			err = parse(f.val, v)
		}
	case int64:
		_, size := f.val.Interface().(Size)
		if !size && f.val.Kind() != reflect.Int {
			err = expected(f.val)
		} else {
			err = parse(f.val, strconv.FormatInt(v, 10))
		}
	case bool:
		if f.val.Kind() != reflect.Bool {
			err = expected(f.val)
		} else {
			f.val.SetBool(v)
		}
	case []any:
		err = setList(f.val, v)
	case map[string]any:
		err = setMap(f.val, v)
	default:
		err = expected(f.val)
	}
	if err != nil {
		l.bad(f, where, err)
		return
	}
	l.origins[f.key] = where
}

func (l *loader) bad(f *field, where string, err error) {
	l.problem(f.key, where, text("giá trị không hợp lệ: %v", "not a valid value: %v", err),
		i18n.Text{VI: f.tag.Get("vi"), EN: f.tag.Get("en")})
}

func expected(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Bool:
		return errors.New("true/false")
	case reflect.Int:
		return errors.New("a whole number without quotes is wanted")
	case reflect.Slice:
		return errors.New(`a list is wanted: ["…", "…"]`)
	case reflect.Map:
		return errors.New(`a table is wanted: { name = "…" }`)
	default:
		return errors.New("a text in quotes is wanted")
	}
}

func setList(v reflect.Value, list []any) error {
	if v.Kind() != reflect.Slice {
		return expected(v)
	}
	all := reflect.MakeSlice(v.Type(), 0, len(list))
	for _, item := range list {
		s, ok := item.(string)
		if !ok {
			return expected(v)
		}
		e := reflect.New(v.Type().Elem()).Elem()
		if err := parse(e, s); err != nil {
			return err
		}
		all = reflect.Append(all, e)
	}
	v.Set(all)
	return nil
}

func setMap(v reflect.Value, m map[string]any) error {
	if v.Kind() != reflect.Map {
		return expected(v)
	}
	all := map[string]string{}
	for k, item := range m {
		s, ok := item.(string)
		if !ok {
			return expected(v)
		}
		all[k] = s
	}
	v.Set(reflect.ValueOf(all))
	return nil
}

// parse reads a text into a value of any type that settings have. Lists are
// separated by commas, tables look like "dossier=debug,job=warn".
func parse(v reflect.Value, s string) error {
	switch x := v.Addr().Interface().(type) {
	case *netip.Prefix:
		if a, err := netip.ParseAddr(s); err == nil {
			*x = netip.PrefixFrom(a, a.BitLen())
			return nil
		}
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return fmt.Errorf("%q: 10.0.0.0/8 or 10.0.0.1", s)
		}
		*x = p.Masked()
		return nil
	case encoding.TextUnmarshaler:
		return x.UnmarshalText([]byte(s))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Bool:
		b, err := strconv.ParseBool(s)
		if err != nil {
			return expected(v)
		}
		v.SetBool(b)
	case reflect.Int:
		n, err := strconv.Atoi(strings.TrimSpace(s))
		if err != nil {
			return errors.New("a whole number is wanted")
		}
		v.SetInt(int64(n))
	case reflect.Slice:
		var list []any
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part != "" {
				list = append(list, part)
			}
		}
		return setList(v, list)
	case reflect.Map:
		m := map[string]any{}
		for part := range strings.SplitSeq(s, ",") {
			if part = strings.TrimSpace(part); part == "" {
				continue
			}
			k, val, ok := strings.Cut(part, "=")
			if !ok {
				return errors.New("name=value,name=value is wanted")
			}
			m[strings.TrimSpace(k)] = strings.TrimSpace(val)
		}
		return setMap(v, m)
	default:
		return fmt.Errorf("settings have no type %s", v.Type())
	}
	return nil
}
