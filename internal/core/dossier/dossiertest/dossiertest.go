// Package dossiertest gives tests a small house with a procedure that runs from
// form to result: one province, two communes, their staff, citizens, and the real
// services of every room below.
package dossiertest

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/core/clock"
	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/core/register"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/money"
	"motcua/internal/platform/sqldb"
)

//go:embed pack/*.yaml
var pack embed.FS

// Code is the code of the procedure of the house.
const Code = "1.999901"

// Lines are the migrations that New needs.
func Lines() []sqldb.Line {
	return append(identitytest.Lines(), job.Line(), blob.Line(), procedure.Line(), register.Line(), document.Line(), dossier.Line())
}

// House is every service a dossier needs, on one database.
type House struct {
	*identitytest.House
	Jobs       *job.Queue
	Files      *blob.Files
	Procedures *procedure.Service
	Registers  *register.Service
	Documents  *document.Service
	Dossiers   *dossier.Service
	Words      *i18n.Bundle

	Province, Commune, Other org.Agency
	VersionID                string

	made atomic.Int64
}

// New builds the house on a database migrated with Lines.
func New(t testing.TB, db *sqldb.DB) *House {
	t.Helper()
	h := &House{House: identitytest.New(t, db)}
	h.Jobs = job.New(db, job.Options{Now: h.Clock.Now})
	store, err := blob.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h.Files = blob.NewFiles(db, store, blob.Options{Now: h.Clock.Now})
	h.Procedures = procedure.New(procedure.Deps{DB: db, Journal: h.Journal, Agencies: h.Org, Now: h.Clock.Now})
	h.Registers = register.New(db, h.Journal, h.Clock.Now)
	h.Documents = document.New(db, h.Files, h.Jobs, h.Journal, document.Options{Base: "https://motcua.example.gov.vn", Now: h.Clock.Now})
	h.Dossiers = dossier.New(dossier.Deps{
		DB: db, Journal: h.Journal, Jobs: h.Jobs, Procedures: h.Procedures, Agencies: h.Org, People: h.Identity,
		Registers: h.Registers, Documents: h.Documents, Files: h.Files, Now: h.Clock.Now,
	})
	h.Org.OnMove(h.Dossiers.OnMove)
	h.Province = h.agency(t, "H99", "Ủy ban nhân dân tỉnh Thử Nghiệm", "")
	h.Commune = h.agency(t, "H99.15.02", "Ủy ban nhân dân phường Hồng Hà", h.Province.ID)
	h.Other = h.agency(t, "H99.15.03", "Ủy ban nhân dân xã Đồng Xanh", h.Province.ID)
	h.VersionID = h.Publish(t, nil)
	h.Words, err = i18n.New(dossier.Locales(), clock.Locales(), calendar.Locales(), civil.Locales(), ident.Locales(), money.Locales(), form.Locales(), flow.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func (h *House) agency(t testing.TB, code, name, parent string) org.Agency {
	t.Helper()
	return h.Agency(t, code, name, parent)
}

func read[T any](t testing.TB, file string, decode func(string, []byte) (T, error)) T {
	t.Helper()
	raw, err := pack.ReadFile("pack/" + file)
	if err != nil {
		t.Fatal(err)
	}
	v, err := decode(file, raw)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func encode(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Publish publishes the procedure of the house, changed by change, and returns the
// id of its version.
func (h *House) Publish(t testing.TB, change func(*procedure.Definition, *form.Definition, *flow.Definition)) string {
	t.Helper()
	def := read(t, "procedure.yaml", procedure.Decode)
	f := read(t, "form.yaml", form.Decode)
	fl := read(t, "flow.yaml", flow.Decode)
	reg := read(t, "register.yaml", register.Decode)
	tm := read(t, "template.yaml", document.Decode)
	if change != nil {
		change(def, f, fl)
	}
	compiled, err := form.Compile(f)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := flow.Compile(fl); err != nil {
		t.Fatal(err)
	}
	if _, err := document.Compile(tm, document.Known{Vars: compiled.Vars()}); err != nil {
		t.Fatal(err)
	}
	var v *procedure.Version
	if err := h.DB.Tx(identitytest.AsSystem(), func(tx *sqldb.Tx) error {
		ctx := identitytest.AsSystem()
		if _, err := h.Registers.SaveDefinition(ctx, tx, "test", reg); err != nil {
			return err
		}
		var err error
		v, _, err = h.Procedures.Publish(ctx, tx, procedure.Bundle{Pack: "test", Def: def, Parts: procedure.Parts{
			Forms:     map[string]json.RawMessage{"permit": encode(t, f)},
			Flows:     map[string]json.RawMessage{"permit": encode(t, fl)},
			Templates: map[string]json.RawMessage{"permit": encode(t, tm)},
		}})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return v.ID
}

// Offer is the offer of an agency through a channel.
func (h *House) Offer(at org.Agency, channel procedure.ChannelKind) string {
	return Code + "~" + at.ID + "~" + string(channel)
}

// Team is the staff of a commune, one for each role.
type Team struct{ Clerk, Officer, Head, Leader, Records identity.Account }

// Team makes the staff of an agency.
func (h *House) Team(t testing.TB, at org.Agency) Team {
	t.Helper()
	n := h.made.Add(1)
	login := func(role string) string { return fmt.Sprintf("%s%d", role, n) }
	return Team{
		Clerk:   h.Staff(t, login("quay"), "Lê Thị Quầy", at, "counter_clerk"),
		Officer: h.Staff(t, login("cv"), "Phạm Văn Chuyên", at, "officer"),
		Head:    h.Staff(t, login("tp"), "Hoàng Thị Trưởng", at, "head"),
		Leader:  h.Staff(t, login("ld"), "Trịnh Quốc Lãnh", at, "leader"),
		Records: h.Staff(t, login("vt"), "Vũ Thị Thư", at, "records_clerk"),
	}
}

// Person makes a citizen whose identity was checked.
func (h *House) Person(t testing.TB, name string) identity.Account {
	t.Helper()
	n := h.made.Add(1)
	ctx := identitytest.AsSystem()
	hash, err := h.Identity.HashPassword(ctx, identitytest.Password)
	if err != nil {
		t.Fatal(err)
	}
	a, err := h.Identity.Register(ctx, identity.NewAccount{
		Kind: identity.KindCitizen, CitizenNo: fmt.Sprintf("0010900%05d", n), Name: name, Birth: civil.MustPartial("1990"), Phone: "0912345678",
		Email: fmt.Sprintf("nguoi%d@example.vn", n), Address: "Số 1 phố Thử, phường Hồng Hà", Hash: hash, Assurance: identity.EIdentity,
	})
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// As is a context in which the account acts, with words.
func (h *House) As(t testing.TB, a identity.Account) context.Context {
	t.Helper()
	return i18n.WithBundle(h.House.As(t, a.ID), h.Words)
}

// PDF is a small file that is one.
func PDF(text string) []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + text + "\ntrailer<</Root 1 0 R>>\n%%EOF\n")
}

// Upload stores a file of the account.
func (h *House) Upload(t testing.TB, a identity.Account, name string) string {
	t.Helper()
	f, err := h.Files.Save(context.Background(), name, a.ID, bytes.NewReader(PDF(fmt.Sprint(name, a.ID, h.made.Add(1)))))
	if err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// Answers are good answers for the form of the house.
func Answers(name, no string) form.Answers {
	return form.Answers{"person_name": name, "person_no": no, "purpose": "home", "place": "Số 12 ngõ 5 phố Trường Thi", "area": 84.5, "since": "2026-12-01"}
}

// Draft makes a draft that is ready to be filed.
func (h *House) Draft(t testing.TB, a identity.Account) dossier.Draft {
	t.Helper()
	ctx := h.As(t, a)
	d, err := h.Dossiers.StartDraft(ctx, h.Offer(h.Commune, procedure.Online), "default")
	if err != nil {
		t.Fatal(err)
	}
	d, err = h.Dossiers.SaveDraft(ctx, d.ID, dossier.DraftPatch{
		Rev: d.Rev, Step: "review", Answers: Answers(a.Name, a.CitizenNo),
		Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{h.Upload(t, a, "ban-ve.pdf")}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// File files a dossier online.
func (h *House) File(t testing.TB, a identity.Account) dossier.Dossier {
	t.Helper()
	d, err := h.Dossiers.Submit(h.As(t, a), dossier.SubmitInput{DraftID: h.Draft(t, a).ID})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Act carries out an action and fails the test when it cannot.
func (h *House) Act(t testing.TB, by identity.Account, d dossier.Dossier, action string, change ...func(*dossier.ActInput)) dossier.Dossier {
	t.Helper()
	in := dossier.ActInput{DossierID: d.ID, Action: action, Reason: "Lý do thử", Note: "", Fields: map[string]any{"scope": "Toàn phường", "checked_on": "02/11/2026"}}
	for _, f := range change {
		f(&in)
	}
	out, err := h.Dossiers.Act(h.As(t, by), in)
	if err != nil {
		t.Fatalf("%s on %s: %v", action, d.Number, err)
	}
	return out
}

// Run does the work that is due: jobs and followers of the journal.
func (h *House) Run(t testing.TB) {
	t.Helper()
	ctx := i18n.WithBundle(context.Background(), h.Words)
	handlers := append(h.Dossiers.Module().Jobs, h.Documents.Module().Jobs...)
	if _, err := h.Jobs.RunDue(ctx, handlers, nil); err != nil {
		t.Fatal(err)
	}
	if err := h.Journal.CatchUp(ctx, h.Dossiers.Module().Subscribers...); err != nil {
		t.Fatal(err)
	}
}

// Events are the events of a dossier.
func (h *House) Events(t testing.TB, d dossier.Dossier) []journal.Event {
	t.Helper()
	events, err := h.Journal.Stream(context.Background(), h.DB, "dossier:"+d.ID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	return events
}

// Wait moves the clock on.
func (h *House) Wait(d time.Duration) { h.Clock.Add(d) }

// Serve opens the pages of modules over the house, with every word they need.
func (h *House) Serve(t testing.TB, modules ...module.Module) *identitytest.Site {
	t.Helper()
	for _, words := range []fs.FS{dossier.Locales(), clock.Locales(), money.Locales(), form.Locales(), flow.Locales(), blob.Locales(), h.Procedures.Module().Locales, h.Registers.Module().Locales, h.Documents.Module().Locales} {
		modules = append(modules, module.Module{Locales: words})
	}
	return h.House.Serve(t, modules, nil)
}
