// Package logx makes the operational log: what the program does, never about whom.
//
// Rooms log ids, codes, counts and durations. They do not log names, numbers of
// papers or phones, addresses, answers or search words; this package is the last
// defence for the day somebody forgets. It blanks attributes with such keys,
// values that look like a citizen number (số định danh, 12 digits), a phone
// number or an e-mail address, and refuses to print structures, which carry
// fields nobody thought of. Law 91/2025/QH15 on personal data is the reason.
package logx

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
)

// Options tune New.
type Options struct {
	Format string                // "json", "text", or "auto": text on a terminal, JSON elsewhere
	Level  slog.Level            // the least that is written
	Levels map[string]slog.Level // the least for a module, by its name
	// OnRedact is told the key (or "msg") of everything blanked, for a metric: each is a
	// bug in the room that logged it. May be nil; must be quick.
	OnRedact func(key string)
}

// New makes a logger that writes to w.
func New(w io.Writer, opt Options) *slog.Logger {
	return slog.New(Safe(base(w, opt.Format), opt))
}

func base(w io.Writer, format string) slog.Handler {
	all := &slog.HandlerOptions{Level: slog.Level(-100)} // Safe decides about levels
	if format == "text" || format != "json" && terminal(w) {
		return slog.NewTextHandler(w, all)
	}
	return slog.NewJSONHandler(w, all)
}

func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	st, err := f.Stat()
	return err == nil && st.Mode()&os.ModeCharDevice != 0
}

// ParseLevels reads levels by name, as they stand in the settings.
func ParseLevels(names map[string]string) (map[string]slog.Level, error) {
	levels := map[string]slog.Level{}
	for module, name := range names {
		var l slog.Level
		if err := l.UnmarshalText([]byte(name)); err != nil {
			return nil, fmt.Errorf("level of %s: %w", module, err)
		}
		levels[module] = l
	}
	return levels, nil
}

// moduleKey is the attribute that says which room speaks.
const moduleKey = "module"

// For returns the logger of a module, which may have a level of its own.
func For(l *slog.Logger, module string) *slog.Logger { return l.With(moduleKey, module) }

// Safe puts the last defence in front of another handler.
func Safe(inner slog.Handler, opt Options) slog.Handler {
	return &safe{inner: inner, opt: &opt, level: opt.Level}
}

type safe struct {
	inner   slog.Handler
	opt     *Options
	level   slog.Level
	grouped bool
}

func (s *safe) Enabled(_ context.Context, l slog.Level) bool { return l >= s.level }

func (s *safe) Handle(ctx context.Context, r slog.Record) error {
	c := cleaner{s.opt.OnRedact}
	out := slog.NewRecord(r.Time, r.Level, c.text("msg", r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		out.AddAttrs(c.attr(a))
		return true
	})
	return s.inner.Handle(ctx, out)
}

func (s *safe) WithAttrs(attrs []slog.Attr) slog.Handler {
	next := *s
	c := cleaner{s.opt.OnRedact}
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = c.attr(a)
		if a.Key == moduleKey && !s.grouped {
			if l, ok := s.opt.Levels[a.Value.String()]; ok {
				next.level = l
			}
		}
	}
	next.inner = s.inner.WithAttrs(clean)
	return &next
}

func (s *safe) WithGroup(name string) slog.Handler {
	next := *s
	next.inner, next.grouped = s.inner.WithGroup(name), true
	return &next
}

// cleaner blanks what must not be written.
type cleaner struct{ onRedact func(string) }

func (c cleaner) redacted(key string) string {
	if c.onRedact != nil {
		c.onRedact(key)
	}
	return blank
}

func (c cleaner) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	if v.Kind() == slog.KindGroup {
		inner := v.Group()
		clean := make([]slog.Attr, len(inner))
		for i, g := range inner {
			clean[i] = c.attr(g)
		}
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(clean...)}
	}
	if personalKey(a.Key) {
		if v.Kind() == slog.KindString && v.String() == "" {
			return a
		}
		return slog.String(a.Key, c.redacted(a.Key))
	}
	switch v.Kind() {
	case slog.KindString:
		return slog.String(a.Key, c.text(a.Key, v.String()))
	case slog.KindInt64, slog.KindUint64:
		if s := v.String(); !countKey(a.Key) && c.text(a.Key, s) != s {
			return slog.String(a.Key, blank)
		}
	case slog.KindAny:
		return slog.Attr{Key: a.Key, Value: c.any(a.Key, v.Any())}
	default: // times, durations, truths and fractions are nobody's data
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// any keeps errors, things that know how to print themselves and lists of plain
// values; of everything else only its type is written.
func (c cleaner) any(key string, v any) slog.Value {
	switch x := v.(type) {
	case nil:
		return slog.AnyValue(nil)
	case error:
		return slog.StringValue(c.text(key, message(x.Error)))
	case fmt.Stringer:
		return slog.StringValue(c.text(key, message(x.String)))
	case []string:
		clean := make([]string, len(x))
		for i, s := range x {
			clean[i] = c.text(key, s)
		}
		return slog.AnyValue(clean)
	case []byte:
		return slog.StringValue(fmt.Sprintf("%d bytes", len(x)))
	}
	switch t := reflect.TypeOf(v); t.Kind() {
	case reflect.Bool, reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64, reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32,
		reflect.Uint64, reflect.Uintptr, reflect.Float32, reflect.Float64:
		return slog.AnyValue(v)
	case reflect.String:
		return slog.StringValue(c.text(key, reflect.ValueOf(v).String()))
	default:
		c.redacted(key)
		return slog.StringValue("[" + t.String() + "]")
	}
}

// message calls a method of a value from anywhere; a nil pointer inside an
// interface must not take the program down while it says what went wrong.
func message(f func() string) (s string) {
	defer func() {
		if p := recover(); p != nil {
			s = "[unprintable]"
		}
	}()
	return f()
}
