package ident

import "motcua/internal/platform/civil"

// Line is one part of a reading in words.
type Line struct {
	Label string // "Nơi đăng ký"
	Text  string // the characters; "" when the line is about the whole
	Says  string // what they mean
}

// Lines puts the parts of a reading into the words of a language; t finds words by
// their key and fills them in.
func (r Reading) Lines(lang string, t func(key string, kv ...any) string) []Line {
	lines := make([]Line, 0, len(r.Parts))
	for _, p := range r.Parts {
		l := Line{Label: t("ident.part." + p.Name), Text: p.Text}
		if p.Says != "" {
			l.Says = t("ident.says."+p.Says, spell(p.Args, lang)...)
		}
		lines = append(lines, l)
	}
	return lines
}

// Told are the reasons of a refusal or a doubt in words.
func (r Reading) Told(lang string, t func(key string, kv ...any) string) (sentences []string) {
	for _, f := range r.Reasons() {
		sentences = append(sentences, t("error."+f.Code, spell(f.Args, lang)...))
	}
	return sentences
}

// spell writes dates as the language does.
func spell(args map[string]any, lang string) (kv []any) {
	for k, v := range args {
		switch d := v.(type) {
		case civil.Date:
			v = d.Screen(lang)
		case civil.PartialDate:
			v = d.Screen(lang)
		}
		kv = append(kv, k, v)
	}
	return kv
}
