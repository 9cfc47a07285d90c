package catalogue

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

const root = "/quan-tri/danh-muc"

// uploadLimit bounds the files of one form without JavaScript; larger ones go up in pieces.
const uploadLimit = 200 << 20

func (s *Service) routes() []web.Route {
	return []web.Route{
		{Pattern: "GET " + root, Access: see(), Handle: s.homePage},
		{Pattern: "POST " + root, Access: change(), Handle: s.upload, MaxBody: uploadLimit, Timeout: 10 * time.Minute},
		{Pattern: "GET " + root + "/lan/{run}", Access: change(), Handle: s.runPage},
		{Pattern: "POST " + root + "/lan/{run}/dung", Access: change(), Handle: s.stopRun},
		{Pattern: "POST " + root + "/lan/{run}/tiep", Access: change(), Handle: s.continueRun},
		{Pattern: "POST " + root + "/lan/{run}/nhan", Access: change(), Handle: s.acceptRun},
		{Pattern: "GET " + root + "/lan/{run}/loi.csv", Access: change(), Handle: s.errorSheet, Timeout: 2 * time.Minute},
		{Pattern: "GET " + root + "/thay-doi/{change}", Access: change(), Handle: s.changePage},
		{Pattern: "POST " + root + "/thay-doi/{change}/nhan", Access: change(), Handle: s.acceptChange},
		{Pattern: "POST " + root + "/thay-doi/{change}/bo", Access: change(), Handle: s.rejectChange},
		{Pattern: "GET " + root + "/muc", Access: see(), Handle: s.entriesPage},
		{Pattern: "GET " + root + "/muc/{code}", Access: see(), Handle: s.entryPage},
		{Pattern: "GET " + root + "/muc/{code}/sua", Access: change(), Handle: s.editPage},
		{Pattern: "POST " + root + "/muc/{code}/sua", Access: change(), Handle: s.saveEdit},
		{Pattern: "POST " + root + "/muc/{code}/khoi-phuc", Access: change(), Handle: s.restore},
	}
}

// Nav is the entry of the navigation that leads here.
func Nav() []identity.NavRule {
	return []identity.NavRule{{
		Access: see(), Kinds: []identity.Kind{identity.KindStaff},
		Item: web.NavItem{Key: "catalogue.nav", Href: root, Icon: "archive", Group: "admin.nav.group"},
	}}
}

type homeView struct {
	MayChange bool
	Standings []Standing
	Total     Standing
	Runs      []Run
	MaxFile   int64
	Apply     bool
	Errors    ui.Errors
}

func (s *Service) home(ctx context.Context) (v homeView, err error) {
	v = homeView{MayChange: mayChange(ctx), MaxFile: s.deps.Files.MaxFile()}
	if v.Standings, err = s.Standings(ctx); err != nil {
		return v, err
	}
	v.Total = Total(v.Standings)
	if v.MayChange {
		v.Runs, err = s.Runs(ctx, 10)
	}
	return v, err
}

func (s *Service) homePage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.home(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, homePage(v))
}

// upload takes files that came with the form, or in pieces before it.
func (s *Service) upload(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	who := identity.From(ctx).AccountID
	var ids []string
	form, err := web.Upload(r, func(f web.File) error {
		if f.Field != "files" || f.Name == "" {
			return nil
		}
		file, err := s.deps.Files.Save(ctx, f.Name, who, f.Body)
		if errs.HasCode(err, "file.empty") {
			return nil
		}
		ids = append(ids, file.ID)
		return err
	})
	var run Run
	if err == nil {
		ids = append(ids, form["files_id"]...)
		run, err = s.Start(ctx, ids, form.Get("cach") == "ngay")
	}
	if errs.Is(err, errs.Invalid) || errs.Is(err, errs.TooLarge) {
		v, verr := s.home(ctx)
		if verr != nil {
			return verr
		}
		v.Apply = form.Get("cach") == "ngay"
		for _, e := range ui.ErrorsIn(ctx, err, nil) {
			v.Errors = append(v.Errors, ui.FieldError{Name: "files", Text: e.Text})
		}
		return web.Render(w, r, http.StatusUnprocessableEntity, homePage(v))
	}
	if err != nil {
		return err
	}
	return web.SeeOther(w, r, runPath(run.ID))
}

type runView struct {
	Run     Run
	States  map[ChangeState]int64
	Refused []Row
	Changes []Change
	State   ChangeState
	Kind    ChangeKind
	Next    string
}

// earlier is how many of the differences of a finished run wait in an earlier one: the
// same record was imported before and nobody has decided about it yet.
func (v runView) earlier() int64 {
	n := v.Run.Counts.Pending
	for _, own := range v.States {
		n -= own
	}
	if v.Run.State != Done {
		return 0
	}
	return max(n, 0)
}

const perPage = 50

func (s *Service) runPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := runView{State: ChangeState(q.Get("trang-thai")), Kind: ChangeKind(q.Get("loai"))}
	var err error
	if v.Run, v.States, err = s.Run(ctx, r.PathValue("run")); err != nil {
		return err
	}
	if v.Refused, err = s.Rows(ctx, v.Run.ID, OutcomeRefused, -1, 0, 20); err != nil {
		return err
	}
	if v.Changes, err = s.Changes(ctx, v.Run.ID, v.State, v.Kind, q.Get("sau"), perPage+1); err != nil {
		return err
	}
	if len(v.Changes) > perPage {
		v.Changes = v.Changes[:perPage]
		q.Set("sau", v.Changes[perPage-1].Code)
		v.Next = runPath(v.Run.ID) + "?" + q.Encode()
	}
	return web.Render(w, r, http.StatusOK, runPage(v))
}

func (s *Service) stopRun(w http.ResponseWriter, r *http.Request) error {
	return s.runDone(w, r, s.Stop(r.Context(), r.PathValue("run")), "catalogue.flash.stopped")
}

func (s *Service) continueRun(w http.ResponseWriter, r *http.Request) error {
	return s.runDone(w, r, s.Continue(r.Context(), r.PathValue("run")), "catalogue.flash.continued")
}

func (s *Service) acceptRun(w http.ResponseWriter, r *http.Request) error {
	return s.runDone(w, r, s.AcceptAll(r.Context(), r.PathValue("run")), "catalogue.flash.accepting")
}

// runDone goes back to the run; somebody who was faster is told in one line.
func (s *Service) runDone(w http.ResponseWriter, r *http.Request, err error, flash string) error {
	switch {
	case errs.Is(err, errs.Conflict):
		web.FlashWarning(w, r, "catalogue.flash.conflict")
	case err != nil:
		return err
	default:
		web.Flash(w, r, flash)
	}
	return web.SeeOther(w, r, runPath(r.PathValue("run")))
}

// errorSheet is the sheet of errors as CSV, with the mark that spreadsheets need to
// read Vietnamese.
func (s *Service) errorSheet(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	run, _, err := s.Run(ctx, r.PathValue("run"))
	if err != nil {
		return err
	}
	words, lang := i18n.From(ctx), i18n.Lang(ctx)
	var b bytes.Buffer
	b.WriteString("\ufeff")
	table := csv.NewWriter(&b)
	_ = table.Write(SheetHead(words, lang)) // a buffer takes everything
	file, line := int64(-1), int64(0)
	for total := 0; total < 100_000; {
		rows, err := s.Rows(ctx, run.ID, OutcomeRefused, file, line, 500)
		if err != nil {
			return err
		}
		for _, l := range rows {
			file, line = l.File, l.Line
			cells := SheetRow(words, lang, run, l)
			for i := range cells {
				cells[i] = harmless(cells[i])
			}
			_ = table.Write(cells)
		}
		total += len(rows)
		if len(rows) < 500 {
			break
		}
	}
	table.Flush()
	return web.Attachment(w, r, "loi-nap-danh-muc.csv", "text/csv; charset=utf-8", int64(b.Len()), io.Reader(&b))
}

// harmless keeps a spreadsheet from taking a cell for a formula.
func harmless(s string) string {
	if s != "" && strings.ContainsAny(s[:1], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

type changeView struct {
	Change Change
	Run    Run
}

func (s *Service) changePage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	c, err := s.Change(ctx, r.PathValue("change"))
	if err != nil {
		return err
	}
	run, _, err := s.Run(ctx, c.RunID)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, changePage(changeView{c, run}))
}

func (s *Service) acceptChange(w http.ResponseWriter, r *http.Request) error {
	return s.changeDone(w, r, s.Accept(r.Context(), r.PathValue("change")), "catalogue.flash.accepted")
}

func (s *Service) rejectChange(w http.ResponseWriter, r *http.Request) error {
	return s.changeDone(w, r, s.Reject(r.Context(), r.PathValue("change")), "catalogue.flash.rejected")
}

// changeDone goes to the next open change of the run, or back to the run.
func (s *Service) changeDone(w http.ResponseWriter, r *http.Request, err error, flash string) error {
	ctx := r.Context()
	if err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	c, cerr := s.Change(ctx, r.PathValue("change"))
	if cerr != nil {
		return cerr
	}
	if err != nil {
		web.FlashWarning(w, r, "catalogue.flash.conflict")
		return web.SeeOther(w, r, changePath(c.ID))
	}
	web.Flash(w, r, flash)
	next, err := s.Changes(ctx, c.RunID, Open, "", c.Code, 1)
	if err != nil {
		return err
	}
	if len(next) == 1 {
		return web.SeeOther(w, r, changePath(next[0].ID))
	}
	return web.SeeOther(w, r, runPath(c.RunID))
}

type entriesView struct {
	Filter EntryFilter
	List   []Brief
	Agency []ui.Option
	Next   string
}

func (s *Service) entriesPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	q := r.URL.Query()
	v := entriesView{Filter: EntryFilter{
		Text: q.Get("q"), Agency: q.Get("co-quan"), NoName: q.Get("co-quan") == "-", Need: Need(q.Get("thieu")), Why: source.Why(q.Get("chua-ro")),
		Packs: q.Get("goi") == "co", Whole: Wholeness(q.Get("muc-do")), After: q.Get("sau"), Limit: perPage + 1,
	}}
	if v.Filter.NoName {
		v.Filter.Agency = ""
	}
	standings, err := s.Standings(ctx)
	if err != nil {
		return err
	}
	v.Filter.Below = Total(standings).Score
	for _, st := range standings {
		o := ui.Option{Value: st.Agency, Text: st.Agency + " (" + strconv.FormatInt(st.Entries, 10) + ")"}
		if st.Agency == "" {
			o = ui.Option{Value: "-", Text: i18n.T(ctx, "catalogue.no-agency") + " (" + strconv.FormatInt(st.Entries, 10) + ")"}
		}
		v.Agency = append(v.Agency, o)
	}
	if v.List, err = s.Entries(ctx, v.Filter); err != nil {
		return err
	}
	if len(v.List) > perPage {
		v.List = v.List[:perPage]
		q.Set("sau", v.List[perPage-1].Mark())
		v.Next = root + "/muc?" + q.Encode()
	}
	return web.Render(w, r, http.StatusOK, entriesPage(v))
}

type entryView struct {
	MayChange bool
	Entry     Entry
	Corrected map[source.Part]bool
	Shapes    []source.Shape
	Deadlines []Deadline
}

func (s *Service) entryPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	code := r.PathValue("code")
	v := entryView{MayChange: mayChange(ctx)}
	var err error
	if v.Entry, err = s.Entry(ctx, code); err != nil {
		return err
	}
	if v.Corrected, err = s.Corrected(ctx, code); err != nil {
		return err
	}
	sources, err := s.SourcesOf(ctx, code)
	if err != nil {
		return err
	}
	for _, shape := range source.Shapes() {
		if sources[shape] != nil {
			v.Shapes = append(v.Shapes, shape)
		}
	}
	v.Deadlines = Deadlines(v.Entry.Record.Announcement, calendar.National())
	return web.Render(w, r, http.StatusOK, entryPage(v))
}

func (s *Service) restore(w http.ResponseWriter, r *http.Request) error {
	form, err := web.Form(r)
	if err != nil {
		return err
	}
	if err := s.Restore(r.Context(), r.PathValue("code"), source.Part(form.Get("phan"))); err != nil {
		return err
	}
	web.Flash(w, r, "catalogue.flash.restored")
	return web.SeeOther(w, r, entryPath(r.PathValue("code")))
}

func runPath(id string) string    { return root + "/lan/" + url.PathEscape(id) }
func changePath(id string) string { return root + "/thay-doi/" + url.PathEscape(id) }
func entryPath(code string) string {
	return root + "/muc/" + url.PathEscape(code)
}
