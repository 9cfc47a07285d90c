package config

import (
	"fmt"
	"strings"

	"motcua/internal/platform/i18n"
)

// Problem is one thing wrong with the settings.
type Problem struct {
	Key    string    // "smtp.port"
	Where  string    // "motcua.toml:12", "MOTCUA_SMTP_PORT", "" for a default
	What   i18n.Text // what is wrong
	Remedy i18n.Text // what to do
}

// Problems is everything wrong with the settings, as one error.
type Problems []Problem //nolint:errname // it is a list of what is wrong, not one error

// Error lists the problems in English, for logs.
func (p Problems) Error() string { return p.In(i18n.EN) }

// In lists the problems for a person, one after the other, each with its remedy.
func (p Problems) In(lang string) string {
	var b strings.Builder
	for i, x := range p {
		if i > 0 {
			b.WriteByte('\n')
		}
		if x.Where != "" {
			fmt.Fprintf(&b, "%s: ", x.Where)
		}
		if x.Key != "" {
			fmt.Fprintf(&b, "%s: ", x.Key)
		}
		b.WriteString(x.What.Lang(lang))
		if !x.Remedy.IsZero() {
			fmt.Fprintf(&b, "\n    → %s", x.Remedy.Lang(lang))
		}
	}
	return b.String()
}

func text(vi, en string, args ...any) i18n.Text {
	if len(args) > 0 {
		return i18n.Text{VI: fmt.Sprintf(vi, args...), EN: fmt.Sprintf(en, args...)}
	}
	return i18n.Text{VI: vi, EN: en}
}
