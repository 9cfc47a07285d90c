package ui

import (
	"context"
	"io"
	"time"

	"github.com/a-h/templ"

	"motcua/internal/platform/i18n"
)

// LinkItem is one entry of a LinkList.
type LinkItem struct{ Text, Href, Note string }

// Time writes an instant with its machine-readable form.
func Time(t time.Time) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if t.IsZero() {
			return nil
		}
		_, err := io.WriteString(w, `<time datetime="`+i18n.Machine(t)+`">`+templ.EscapeString(i18n.DateTime(ctx, t))+`</time>`)
		return err
	})
}

// Date writes the civil date of an instant in Vietnam, for lists: 05/02/2026.
func Date(t time.Time) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		if t.IsZero() {
			return nil
		}
		_, err := io.WriteString(w, `<time datetime="`+i18n.Machine(t)[:10]+`">`+templ.EscapeString(i18n.Date(ctx, t))+`</time>`)
		return err
	})
}

func toneClass(base string, t Tone) string {
	if t == "" {
		return ""
	}
	return base + "-" + string(t)
}

func toneIcon(t Tone) string {
	switch t {
	case OK:
		return "check-circle"
	case Warn:
		return "alert"
	case Danger:
		return "x-circle"
	default:
		return "info"
	}
}

func momentIcon(t Tone) string {
	switch t {
	case Warn:
		return "alert"
	case Danger:
		return "x"
	case Info:
		return "clock"
	default:
		return "check"
	}
}

func sortIcon(sorted string) string {
	switch sorted {
	case "ascending":
		return "arrow-up"
	case "descending":
		return "arrow-down"
	default:
		return "sort"
	}
}

func columnClass(c Column) string {
	class := ""
	add := func(yes bool, name string) {
		if yes {
			if class != "" {
				class += " "
			}
			class += name
		}
	}
	add(c.Numeric, "num")
	add(c.Narrow, "narrow")
	add(c.Quiet, "quiet")
	add(c.Grow, "grow")
	add(c.NoText, "bare")
	add(c.SelectAll, "bare select")
	return class
}

func cellLabel(c Column) string {
	if c.NoText || c.SelectAll {
		return ""
	}
	return c.Text
}

func levelOr(level, fallback int) int {
	if level < 2 || level > 4 {
		return fallback
	}
	return level
}

// currentStep returns the number of the step one stands at; all done gives the last.
func currentStep(steps []Step) int {
	for i, s := range steps {
		if s.State == StepCurrent {
			return i + 1
		}
	}
	return len(steps)
}

func currentText(steps []Step) string {
	if len(steps) == 0 {
		return ""
	}
	return steps[currentStep(steps)-1].Text
}
