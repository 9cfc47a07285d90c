package ops

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/health"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb"
)

// Status is how well something is.
type Status int

// From best to worst; the number is the exit status of `motcua doctor`.
const (
	Well   Status = iota
	Unwell        // works, and wants looking after
	Ill           // does not work
)

// Patient is the house to examine. What could not be opened is nil; the doctor
// says so and goes on with the rest.
type Patient struct {
	Config    *config.Config
	ConfigErr error // what Load said

	DB      *sqldb.DB // nil: the doctor tries to open it and says what is wrong
	Lines   []sqldb.Line
	Store   blob.Store
	Files   *blob.Files
	Jobs    *job.Queue
	Journal *journal.Journal

	Checks []module.Check // what the modules ask; those about the same things are left out by name
	Skip   []string       // names of checks that the doctor makes himself
	Bundle *i18n.Bundle   // the words of the checks' names and errors; may be nil

	Now func() time.Time // nil means time.Now
}

// Finding is the answer of one examination.
type Finding struct {
	Status Status
	What   i18n.Text // what was looked at
	Detail i18n.Text // what was found
	Remedy i18n.Text // what to do; empty when all is well
}

// Findings is what the doctor found, in the order of looking.
type Findings []Finding

// Worst is the worst of all.
func (f Findings) Worst() Status {
	worst := Well
	for _, x := range f {
		worst = max(worst, x.Status)
	}
	return worst
}

// Exit is the exit status: 0 all is well, 1 something wants looking after, 2 something does not work.
func (f Findings) Exit() int { return int(f.Worst()) }

func (f Findings) count(s Status) (n int) {
	for _, x := range f {
		if x.Status == s {
			n++
		}
	}
	return n
}

// Summary is the last line of `motcua doctor`.
func (f Findings) Summary(lang string) string {
	switch f.Worst() {
	case Well:
		return text("Mọi thứ đều tốt (%d mục đã kiểm tra).", "All is well (%d things looked at).", len(f)).Lang(lang)
	case Unwell:
		return text("Hệ thống hoạt động; %d mục cần chú ý.", "The system works; %d things want looking after.", f.count(Unwell)).Lang(lang)
	default:
		return text("Có %d mục không hoạt động và %d mục cần chú ý.", "%d things do not work and %d want looking after.", f.count(Ill), f.count(Unwell)).Lang(lang)
	}
}

// Print writes the findings for a person, the summary last.
func (f Findings) Print(w io.Writer, lang string) error {
	var b strings.Builder
	for _, x := range f {
		fmt.Fprintf(&b, "%s  %s", [...]string{"✓", "!", "✗"}[x.Status], x.What.Lang(lang))
		if !x.Detail.IsZero() {
			fmt.Fprintf(&b, ": %s", x.Detail.Lang(lang))
		}
		b.WriteByte('\n')
		if !x.Remedy.IsZero() {
			fmt.Fprintf(&b, "   → %s\n", x.Remedy.Lang(lang))
		}
	}
	b.WriteString(f.Summary(lang) + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// exam is one examination under way.
type exam struct {
	Patient
	ctx   context.Context
	found Findings
}

func (e *exam) add(s Status, what, detail, remedy i18n.Text) {
	e.found = append(e.found, Finding{s, what, detail, remedy})
}

// Doctor examines a house, running or not, and changes nothing in it.
func Doctor(ctx context.Context, p Patient) Findings {
	if p.Now == nil {
		p.Now = time.Now
	}
	e := &exam{Patient: p, ctx: ctx}
	e.settings()
	e.folders()
	e.disk()
	if e.DB == nil {
		closeDB := e.openDatabase()
		defer closeDB()
	}
	if e.DB != nil {
		e.database()
		if e.schema() {
			e.clock()
			e.backlog()
			e.fileContents()
		}
	}
	e.fileStore()
	e.scanner()
	e.mail()
	e.certificate()
	e.backups()
	e.following()
	e.modules()
	return e.found
}

// settings tells what is wrong with the settings.
func (e *exam) settings() {
	what := text("Cấu hình", "Settings")
	err := e.ConfigErr
	if err == nil {
		err = e.Config.Validate()
	}
	problems, ok := err.(config.Problems) //nolint:errorlint // Load and Validate return it unwrapped
	switch {
	case err == nil:
		e.add(Well, what, i18n.Text{}, i18n.Text{})
	case ok:
		for _, p := range problems {
			at := p.Key
			if p.Where != "" {
				at = p.Where + ": " + p.Key
			}
			e.add(Ill, i18n.Text{VI: what.VI + " " + at, EN: what.EN + " " + at}, p.What, p.Remedy)
		}
	default:
		e.add(Ill, what, plain(err), text("Chạy motcua config check.", "Run motcua config check."))
	}
}

// plain shows an operator an error as it is.
func plain(err error) i18n.Text {
	if e, ok := errs.As(err); ok && e.Err != nil {
		err = e.Err
	}
	s := strings.Join(strings.Fields(err.Error()), " ")
	if r := []rune(s); len(r) > 300 {
		s = string(r[:300]) + "…"
	}
	return i18n.Text{VI: s, EN: s}
}

// modules asks the rooms.
func (e *exam) modules() {
	var ask []module.Check
	for _, c := range e.Checks {
		skip := false
		for _, s := range e.Skip {
			skip = skip || s == c.Name
		}
		if !skip {
			ask = append(ask, c)
		}
	}
	for _, r := range health.Run(e.ctx, ask) {
		what := e.words(r.Name)
		if r.Err == nil {
			e.add(Well, what, i18n.Text{}, i18n.Text{})
			continue
		}
		detail, remedy := plain(r.Err), i18n.Text{}
		if x, ok := errs.As(r.Err); ok && e.Bundle != nil && e.Bundle.Has(i18n.VI, "error."+x.Code) {
			var kv []any
			for k, v := range x.Args {
				kv = append(kv, k, v)
			}
			remedy = i18n.Text{VI: e.Bundle.T(i18n.VI, "error."+x.Code, kv...), EN: e.Bundle.T(i18n.EN, "error."+x.Code, kv...)}
		}
		status := Ill
		if errs.Is(r.Err, errs.Unavailable) {
			status = Unwell
		}
		e.add(status, what, detail, remedy)
	}
}

// words are those of a locale key, or the key itself.
func (e *exam) words(key string) i18n.Text {
	if e.Bundle == nil || !e.Bundle.Has(i18n.VI, key) {
		return i18n.Text{VI: key, EN: key}
	}
	return i18n.Text{VI: e.Bundle.T(i18n.VI, key), EN: e.Bundle.T(i18n.EN, key)}
}
