package i18n

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The languages of the house. Vietnamese is the law's language and the default.
const (
	VI = "vi"
	EN = "en"
)

// Languages lists every language, the default first.
func Languages() []string { return []string{VI, EN} }

// Text is one piece of wording that travels inside data: a label, a name, a note.
// In YAML and JSON it is either a plain string (Vietnamese only) or a map
// {vi: …, en: …}. A missing language falls back to the other one.
type Text struct {
	VI string
	EN string
}

// V makes a Text that has only Vietnamese words.
func V(vi string) Text { return Text{VI: vi} }

// In returns the words in the language of ctx.
func (t Text) In(ctx context.Context) string { return t.Lang(Lang(ctx)) }

// Lang returns the words in lang, or in the other language when lang has none.
func (t Text) Lang(lang string) string {
	if lang == EN && t.EN != "" || t.VI == "" {
		return t.EN
	}
	return t.VI
}

// IsZero reports whether there are no words at all.
func (t Text) IsZero() bool { return t.VI == "" && t.EN == "" }

// String returns the Vietnamese words, so that a Text in a log or a test reads well.
func (t Text) String() string { return t.Lang(VI) }

// Replace returns t with every "{name}" replaced by values[name] in both languages.
func (t Text) Replace(values map[string]string) Text {
	pairs := make([]string, 0, 2*len(values))
	for k, v := range values {
		pairs = append(pairs, "{"+k+"}", v)
	}
	r := strings.NewReplacer(pairs...)
	return Text{VI: r.Replace(t.VI), EN: r.Replace(t.EN)}
}

type plainText struct {
	VI string `json:"vi,omitempty" yaml:"vi,omitempty"`
	EN string `json:"en,omitempty" yaml:"en,omitempty"`
}

// UnmarshalYAML reads a string or a map with the keys vi and en; any other key is an error.
func (t *Text) UnmarshalYAML(node *yaml.Node) error {
	switch node.Kind {
	case yaml.ScalarNode:
		if node.Tag == "!!null" {
			*t = Text{}
			return nil
		}
		*t = Text{VI: node.Value}
		return nil
	case yaml.MappingNode:
		for i := 0; i+1 < len(node.Content); i += 2 {
			if k := node.Content[i].Value; k != VI && k != EN {
				return fmt.Errorf("line %d: a text has the languages vi and en, not %q", node.Content[i].Line, k)
			}
		}
		var p plainText
		if err := node.Decode(&p); err != nil {
			return err
		}
		*t = Text(p)
		return nil
	case yaml.AliasNode:
		return t.UnmarshalYAML(node.Alias)
	default:
		return fmt.Errorf("line %d: a text is a string or a map {vi: …, en: …}", node.Line)
	}
}

// MarshalYAML writes a plain string when there is only Vietnamese.
func (t Text) MarshalYAML() (any, error) {
	if t.EN == "" {
		return t.VI, nil
	}
	return plainText(t), nil
}

// UnmarshalJSON reads a string or an object with the keys vi and en; any other key is an error.
func (t *Text) UnmarshalJSON(b []byte) error {
	s := strings.TrimSpace(string(b))
	switch {
	case s == "null":
		return nil
	case strings.HasPrefix(s, `"`):
		*t = Text{}
		return json.Unmarshal(b, &t.VI)
	case strings.HasPrefix(s, "{"):
		d := json.NewDecoder(strings.NewReader(s))
		d.DisallowUnknownFields()
		var p plainText
		if err := d.Decode(&p); err != nil {
			return fmt.Errorf("a text has the languages vi and en: %w", err)
		}
		*t = Text(p)
		return nil
	default:
		return fmt.Errorf("a text is a string or an object {vi, en}")
	}
}

// MarshalJSON writes a plain string when there is only Vietnamese, so that
// reading back gives the same value.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.EN == "" {
		return json.Marshal(t.VI)
	}
	return json.Marshal(plainText(t))
}
