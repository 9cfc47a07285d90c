package calendar

import (
	_ "embed"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

//go:embed vn.txt
var nationalText string

// aheadYears is how many years after the data the national calendar goes on with
// days that follow from the law alone.
const aheadYears = 5

var national = sync.OnceValues(func() (Calendar, error) { return readNational(nationalText) })

// OfficeHours is the usual week of state offices: Monday to Friday, 40 hours
// (Quyết định 188/1999/QĐ-TTg). Provinces set their own hours; see Overlay.
func OfficeHours() Week {
	day := MustHours("07:30-11:30 13:30-17:30")
	return Week{time.Monday: day, time.Tuesday: day, time.Wednesday: day, time.Thursday: day, time.Friday: day}
}

// National returns the calendar of state offices: OfficeHours and the public
// holidays and swapped days since 2015. Years that the Government has not yet
// announced hold the days that follow from the law, marked Provisional, so that a
// term that reaches into them never ignores Tết.
func National() Calendar {
	c, err := national()
	if err != nil {
		panic(err) // our own embedded file; a test reads it
	}
	c.Days = maps.Clone(c.Days)
	return c
}

// KnownTo returns the last day of which the national data is announced, not
// provisional.
func KnownTo() civil.Date {
	for line := range strings.Lines(nationalText) {
		if rest, ok := strings.CutPrefix(line, "fixed-to "); ok {
			return civil.MustDate(strings.TrimSpace(rest))
		}
	}
	return civil.Date{}
}

// reader reads the national file line by line.
type reader struct {
	cal     Calendar
	names   map[string]i18n.Text
	bases   map[string]string
	fixedTo civil.Date
	year    int
}

func readNational(text string) (Calendar, error) {
	r := reader{
		cal:   Calendar{Week: OfficeHours(), Days: map[civil.Date]Day{}},
		names: map[string]i18n.Text{},
		bases: map[string]string{},
	}
	number := 0
	for line := range strings.Lines(text) {
		number++
		line, _, _ = strings.Cut(line, "#")
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		if err := r.line(line); err != nil {
			return Calendar{}, fmt.Errorf("calendar: national data, line %d: %w", number, err)
		}
	}
	for year := r.year + 1; year <= r.year+aheadYears; year++ {
		for d, day := range Statutory(year) {
			day.Provisional = true
			r.cal.Days[d] = day
		}
	}
	return r.cal, nil
}

func (r *reader) line(line string) error {
	word, rest, _ := strings.Cut(line, " ")
	rest = strings.TrimSpace(rest)
	var err error
	switch word {
	case "version":
		r.cal.Version = rest
	case "fixed-to":
		r.fixedTo, err = civil.Parse(rest)
	case "year":
		_, err = fmt.Sscanf(rest, "%d", &r.year)
	case "name":
		key, names, _ := strings.Cut(rest, " ")
		vi, en, ok := strings.Cut(names, "|")
		if !ok {
			return fmt.Errorf("a name needs both languages")
		}
		r.names[key] = i18n.Text{VI: strings.TrimSpace(vi), EN: strings.TrimSpace(en)}
	case "basis":
		key, basis, _ := strings.Cut(rest, " ")
		r.bases[key] = strings.TrimSpace(basis)
	default:
		err = r.days(word, strings.Fields(rest))
	}
	return err
}

// days reads "MM-DD[..DD]" and its words.
func (r *reader) days(span string, words []string) error {
	kind := Holiday
	if len(words) > 0 {
		switch words[0] {
		case "lieu":
			kind, words = InLieu, words[1:]
		case "off":
			kind, words = SwapOff, words[1:]
		case "work":
			kind, words = MakeUp, words[1:]
		}
	}
	day := Day{Kind: kind}
	swap := kind == SwapOff || kind == MakeUp
	if swap {
		if len(words) != 4 || words[1] != "=" {
			return fmt.Errorf("a swap names its other day")
		}
		pair := words[2]
		if len(pair) == len("MM-DD") {
			pair = fmt.Sprintf("%04d-%s", r.year, pair)
		}
		var err error
		if day.Pair, err = civil.Parse(pair); err != nil {
			return err
		}
		words = []string{words[0], words[3]}
	}
	if len(words) != 2 {
		return fmt.Errorf("want a name and a basis, got %q", words)
	}
	var ok bool
	if day.Name, ok = r.names[words[0]]; !ok {
		return fmt.Errorf("unknown name %q", words[0])
	}
	if day.Basis, ok = r.bases[words[1]]; !ok {
		return fmt.Errorf("unknown basis %q", words[1])
	}
	first, lastDay, run := strings.Cut(span, "..")
	from, err := civil.Parse(fmt.Sprintf("%04d-%s", r.year, first))
	if err != nil {
		return err
	}
	to := from
	if run {
		if to, err = civil.Parse(from.String()[:8] + lastDay); err != nil {
			return err
		}
	}
	for d := from; !d.After(to); d = d.AddDays(1) {
		if _, twice := r.cal.Days[d]; twice {
			return fmt.Errorf("%s stands twice", d)
		}
		day.Provisional = d.After(r.fixedTo)
		r.cal.Days[d] = day
	}
	return nil
}
