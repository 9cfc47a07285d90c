package reform

import (
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

const path = "/quan-tri/sap-xep"

func today(t time.Time) string { return civil.DateOf(t).String() }

// patience is how long a dry run over a large province may take.
const patience = 5 * time.Minute

func (s *Service) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET " + path, Access: root(), Handle: s.listPage},
		{Pattern: "POST " + path, Access: root(), Handle: s.propose, MaxBody: MaxFile + 64<<10, Timeout: patience},
		{Pattern: "GET " + path + "/{id}", Access: root(), Handle: s.decreePage},
		{Pattern: "POST " + path + "/{id}/thu-lai", Access: root(), Handle: s.tryAgain, Timeout: patience},
		{Pattern: "POST " + path + "/{id}/ap-dung", Access: root(), Handle: s.order, Timeout: patience},
		{Pattern: "POST " + path + "/{id}/huy", Access: root(), Handle: s.takeBack},
		{Pattern: "GET " + path + "/{id}/{kind}", Access: root(), Handle: s.effectsPage},
		{Pattern: "GET " + path + "/{id}/{kind}/csv", Access: root(), Handle: s.effectsCSV, Timeout: patience},
	}
}

type listView struct {
	List   []Decree
	Names  map[string]string
	Text   string
	Errors ui.Errors
}

func (s *Service) listView(ctx context.Context) (v listView, err error) {
	if v.List, err = s.Decrees(ctx); err != nil {
		return v, err
	}
	var ids []string
	for _, d := range v.List {
		if d.CreatedBy != "" {
			ids = append(ids, d.CreatedBy)
		}
	}
	v.Names, err = s.identity.Names(ctx, ids...)
	return v, err
}

func (s *Service) listPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.listView(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, decreesView(v))
}

// propose takes a file, or the text that was pasted.
func (s *Service) propose(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var content []byte
	name := ""
	typed, err := web.Upload(r, func(f web.File) error {
		if f.Field != "file" || content != nil {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(f.Body, MaxFile+1))
		content, name = b, f.Name
		return err
	})
	if err != nil {
		return err
	}
	text := strings.ReplaceAll(typed.Get("text"), "\r\n", "\n")
	if len(content) == 0 {
		content, name = []byte(text), i18n.T(ctx, "reform.pasted")
	}
	d, err := s.Propose(ctx, name, content)
	if errs.Is(err, errs.Invalid) {
		v, lerr := s.listView(ctx)
		if lerr != nil {
			return lerr
		}
		v.Text, v.Errors = text, ui.ErrorsIn(ctx, err, nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, decreesView(v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, path+"/"+d.ID)
}

type decreeView struct {
	Decree
	File   *File
	Names  map[string]string
	Past   bool // its day has passed
	Wait   int  // seconds after which the page looks again, because the work is under way
	Errors ui.Errors
}

func (s *Service) decreeView(ctx context.Context, decreeID string) (v decreeView, err error) {
	if v.Decree, err = s.Decree(ctx, decreeID); err != nil {
		return v, err
	}
	v.File, _ = Parse(v.Name, []byte(v.Decree.File))
	v.Past = v.Effective.Before(civil.DateOf(s.now()))
	if s.Due(v.Decree) && v.Failure == "" {
		v.Wait = 5
	}
	ids := slices.DeleteFunc([]string{v.CreatedBy, v.ScheduledBy, v.UndoneBy}, func(id string) bool { return id == "" })
	v.Names, err = s.identity.Names(ctx, ids...)
	return v, err
}

func (s *Service) decreePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.decreeView(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, oneView(v))
}

func (s *Service) tryAgain(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Try(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	web.Flash(w, r, "reform.tried")
	return web.SeeOther(w, r, path+"/"+d.ID)
}

// refused shows the decree once more with what forbids the order.
func (s *Service) refused(w http.ResponseWriter, r *http.Request, err error) error {
	status := http.StatusConflict
	if errs.Is(err, errs.Invalid) {
		status = http.StatusUnprocessableEntity
	} else if !errs.Is(err, errs.Conflict) {
		return err
	}
	v, verr := s.decreeView(r.Context(), r.PathValue("id"))
	if verr != nil {
		return verr
	}
	v.Errors = ui.ErrorsIn(r.Context(), err, nil)
	return web.Render(w, r, status, oneView(v))
}

func (s *Service) order(w http.ResponseWriter, r *http.Request) error {
	typed, err := web.Form(r)
	if err != nil {
		return err
	}
	d, err := s.Apply(r.Context(), ApplyInput{DecreeID: r.PathValue("id"), ConfirmPast: typed.Get("confirm_past") != ""})
	if err != nil {
		return s.refused(w, r, err)
	}
	web.Flash(w, r, "reform.ordered")
	return web.SeeOther(w, r, path+"/"+d.ID)
}

func (s *Service) takeBack(w http.ResponseWriter, r *http.Request) error {
	d, err := s.Undo(r.Context(), r.PathValue("id"))
	if err != nil {
		return s.refused(w, r, err)
	}
	web.Flash(w, r, "reform.taken-back")
	return web.SeeOther(w, r, path+"/"+d.ID)
}

type effectsViewData struct {
	Decree
	Kind  Kind
	Items []Effect
	Next  string
}

// kindOf reads the kind of a page; one that does not exist is no page.
func kindOf(r *http.Request) (Kind, error) {
	k := Kind(r.PathValue("kind"))
	if !slices.Contains(Kinds(), k) {
		return "", errs.NewNotFound("web.not-found")
	}
	return k, nil
}

func (s *Service) effectsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	d, err := s.Decree(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	after, _ := strconv.ParseInt(r.URL.Query().Get("sau"), 10, 64) // nonsense begins at the beginning
	const rows = 50
	v := effectsViewData{Decree: d, Kind: kind}
	if v.Items, err = s.Effects(ctx, d, kind, after, rows+1); err != nil {
		return err
	}
	if len(v.Items) > rows {
		v.Items = v.Items[:rows]
		v.Next = path + "/" + d.ID + "/" + string(kind) + "?sau=" + strconv.FormatInt(v.Items[rows-1].Seq, 10)
	}
	return web.Render(w, r, http.StatusOK, effectsView(v))
}

// effectsCSV streams the whole list of a kind.
func (s *Service) effectsCSV(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	kind, err := kindOf(r)
	if err != nil {
		return err
	}
	d, err := s.Decree(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="`+url.PathEscape(string(kind))+`.csv"`)
	return s.WriteCSV(ctx, w, d, kind)
}

// WriteCSV writes every effect of a kind as CSV with a heading, for spreadsheets.
func (s *Service) WriteCSV(ctx context.Context, out io.Writer, d Decree, kind Kind) error {
	if _, err := io.WriteString(out, "\uFEFF"); err != nil { // or spreadsheets take it for Latin-1
		return err
	}
	c := csv.NewWriter(out)
	var heads []string
	for _, key := range []string{"kind", "what", "from-code", "from", "to-code", "to", "note"} {
		heads = append(heads, i18n.T(ctx, "reform.column."+key))
	}
	if err := c.Write(heads); err != nil {
		return err
	}
	for after := int64(0); ; {
		list, err := s.Effects(ctx, d, kind, after, 1000)
		if err != nil {
			return err
		}
		for _, e := range list {
			row := []string{i18n.T(ctx, "reform.kind."+string(e.Kind)), e.Label, e.FromCode, e.FromName, e.ToCode, e.ToName, noteWords(ctx, e.Note)}
			for i := range row {
				row[i] = harmless(row[i])
			}
			if err := c.Write(row); err != nil {
				return err
			}
			after = e.Seq
		}
		if len(list) < 1000 {
			c.Flush()
			return c.Error()
		}
	}
}

// harmless keeps a spreadsheet from taking a text for a formula.
func harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Words names a kind of effect.
func (k Kind) Words(ctx context.Context) string { return i18n.T(ctx, "reform.kind."+string(k)) }

func noteWords(ctx context.Context, note string) string {
	if note == "" {
		return ""
	}
	return i18n.T(ctx, "reform.note."+note)
}

// words says what is wrong, in the reader's language where the house found it.
func (p Problem) words(ctx context.Context) string {
	switch code, ofAnother := strings.CutPrefix(p.Code, "error:"); {
	case p.Text != "":
		return p.Text
	case ofAnother:
		return i18n.TMap(ctx, "error."+code, p.Args)
	}
	return i18n.TMap(ctx, "reform.problem."+p.Code, p.Args)
}

// Words says what is wrong with its line, for the command line.
func (p Problem) Words(ctx context.Context) string {
	if where := p.String(); where != "" {
		return where + ": " + p.words(ctx)
	}
	return p.words(ctx)
}

func stateTone(st State) ui.Tone {
	switch st {
	case Scheduled:
		return ui.Info
	case Applied:
		return ui.OK
	case Draft, Undone:
	}
	return ui.Neutral
}

func facts(ctx context.Context, v decreeView) []ui.Term {
	lang := i18n.Lang(ctx)
	at := func(t time.Time) string { return i18n.DateTime(ctx, t) }
	out := []ui.Term{
		{Term: i18n.T(ctx, "reform.fact.number"), Value: v.Number},
		{Term: i18n.T(ctx, "reform.fact.issuer"), Value: v.File.Issuer.In(ctx)},
		{Term: i18n.T(ctx, "reform.fact.date"), Value: v.File.issued.Screen(lang)},
		{Term: i18n.T(ctx, "reform.fact.effective"), Value: v.Effective.Screen(lang)},
		{Term: i18n.T(ctx, "reform.fact.created"), Value: at(v.CreatedAt) + " · " + v.Names[v.CreatedBy]},
	}
	if !v.CheckedAt.IsZero() && v.State != Applied {
		out = append(out, ui.Term{Term: i18n.T(ctx, "reform.fact.checked"), Value: at(v.CheckedAt)})
	}
	if !v.ScheduledAt.IsZero() {
		out = append(out, ui.Term{Term: i18n.T(ctx, "reform.fact.scheduled"), Value: at(v.ScheduledAt) + " · " + v.Names[v.ScheduledBy]})
	}
	if !v.AppliedAt.IsZero() {
		out = append(out, ui.Term{Term: i18n.T(ctx, "reform.fact.applied"), Value: at(v.AppliedAt)},
			ui.Term{Term: i18n.T(ctx, "reform.fact.took"), Value: i18n.T(ctx, "reform.seconds", "n", strconv.FormatFloat(v.Took.Seconds(), 'f', 1, 64))})
	}
	if !v.UndoneAt.IsZero() {
		out = append(out, ui.Term{Term: i18n.T(ctx, "reform.fact.undone"), Value: at(v.UndoneAt) + " · " + v.Names[v.UndoneBy]})
	}
	return slices.DeleteFunc(out, func(t ui.Term) bool { return t.Value == "" })
}

func crumbs(ctx context.Context, d *Decree) []ui.Crumb {
	out := []ui.Crumb{{Text: i18n.T(ctx, "reform.nav"), Href: path}}
	if d != nil {
		out = append(out, ui.Crumb{Text: d.Number, Href: path + "/" + d.ID})
	}
	return out
}

func listColumns(ctx context.Context) []ui.Column {
	return []ui.Column{{Text: i18n.T(ctx, "reform.fact.number"), Grow: true}, {Text: i18n.T(ctx, "reform.fact.effective")}, {Text: i18n.T(ctx, "reform.state")},
		{Text: i18n.T(ctx, "reform.fact.created"), Quiet: true}}
}

func effectColumns(ctx context.Context, v effectsViewData) []ui.Column {
	cols := []ui.Column{{Text: i18n.T(ctx, "reform.column.what"), Grow: true}, {Text: i18n.T(ctx, "reform.column.from")}, {Text: i18n.T(ctx, "reform.column.to")}}
	if v.noted() {
		cols = append(cols, ui.Column{Text: i18n.T(ctx, "reform.column.note")})
	}
	return cols
}

// noted reports whether there is anything to put into the column of notes.
func (v effectsViewData) noted() bool {
	return slices.ContainsFunc(v.Items, func(e Effect) bool { return e.Note != "" })
}

// draftCard heads what can be done with a draft; one with mistakes cannot be applied.
func draftCard(ctx context.Context, v decreeView) ui.CardProps {
	if len(v.Problems) > 0 {
		return ui.CardProps{Title: i18n.T(ctx, "reform.state.draft"), Icon: "edit"}
	}
	return ui.CardProps{Title: i18n.T(ctx, "reform.apply"), Icon: "check-circle"}
}

func problemColumns(ctx context.Context) []ui.Column {
	return []ui.Column{{Text: i18n.T(ctx, "reform.line"), Narrow: true, Numeric: true}, {Text: i18n.T(ctx, "reform.problem"), Grow: true}}
}

func lineOf(p Problem) string {
	if p.Line == 0 {
		return "–"
	}
	return strconv.Itoa(p.Line)
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func changesTitle(ctx context.Context, v decreeView) string {
	if v.State == Applied {
		return i18n.T(ctx, "reform.changed")
	}
	return i18n.T(ctx, "reform.would-change")
}

func effectsLead(v effectsViewData) string {
	if v.State == Applied {
		return "reform.list-done"
	}
	return "reform.list-dry"
}

func applyText(ctx context.Context, v decreeView) string {
	if v.Past {
		return i18n.T(ctx, "reform.apply-now-text")
	}
	return i18n.T(ctx, "reform.apply-text", "day", v.Effective.Screen(i18n.Lang(ctx)))
}

func applyButton(ctx context.Context, v decreeView) string {
	if v.Past {
		return i18n.T(ctx, "reform.apply-now")
	}
	return i18n.T(ctx, "reform.schedule")
}
