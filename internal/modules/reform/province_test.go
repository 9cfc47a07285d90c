package reform_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"motcua/internal/core/dossier"
	"motcua/internal/core/dossier/dossiertest"
	"motcua/internal/core/flow"
	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/core/org"
	"motcua/internal/core/place"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/sqldb"
)

// building is the second procedure of the province, in another field of law.
const building = "1.999902"

var day = civil.MustDate("2025-07-01")

func lines() []sqldb.Line {
	return append(dossiertest.Lines(), place.Line(), reform.Line())
}

// hasp is a province on three levels, Hà Sơn, in the spring of 2025.
type hasp struct {
	*dossiertest.House
	t        testing.TB
	reforms  *reform.Service
	at       map[string]org.Agency
	teams    map[string]dossiertest.Team
	admin    identity.Account
	people   []identity.Account
	dossiers []dossier.Dossier
	rng      *rand.Rand
}

func newProvince(t testing.TB, db *sqldb.DB) *hasp {
	t.Helper()
	p := &hasp{House: dossiertest.New(t, db), t: t, at: map[string]org.Agency{}, teams: map[string]dossiertest.Team{}, rng: rand.New(rand.NewPCG(7, 2025))}
	p.Clock.Set(civil.MustDate("2025-04-07").At(8, 0))
	p.Org.OnMove(p.Registers.OnMove)
	p.reforms = reform.New(reform.Deps{
		DB: db, Journal: p.Journal, Jobs: p.Jobs, Org: p.Org, Identity: p.Identity, Dossiers: p.Dossiers, Registers: p.Registers, Procedures: p.Procedures, Now: p.Clock.Now,
	})
	for _, code := range []string{dossiertest.Code, building} {
		p.Publish(t, func(d *procedure.Definition, _ *form.Definition, _ *flow.Definition) {
			d.Code, d.ValidFrom = code, "2024-01-01"
			if code == building {
				d.Field = procedure.Field{Code: "G12-XD01", VI: "Xây dựng", EN: "Construction"}
			}
		})
	}
	for _, a := range []struct{ code, parent, name, unit string }{
		{"H63", "", "Ủy ban nhân dân tỉnh Hà Sơn", "90"},
		{"H63.08", "H63", "Sở Xây dựng tỉnh Hà Sơn", ""},
		{"H63.11", "H63", "Ủy ban nhân dân huyện Đông Hà", "901"},
		{"H63.11.90", "H63.11", "Bộ phận Tiếp nhận và Trả kết quả huyện Đông Hà", ""},
		{"H63.11.01", "H63.11", "Ủy ban nhân dân xã An Hòa", "90001"},
		{"H63.11.02", "H63.11", "Ủy ban nhân dân xã An Phú", "90002"},
		{"H63.11.03", "H63.11", "Ủy ban nhân dân xã An Lộc", "90003"},
		{"H63.12", "H63", "Ủy ban nhân dân huyện Tây Hà", "902"},
		{"H63.12.90", "H63.12", "Bộ phận Tiếp nhận và Trả kết quả huyện Tây Hà", ""},
		{"H63.12.01", "H63.12", "Ủy ban nhân dân xã Bình An", "90004"},
		{"H63.12.02", "H63.12", "Ủy ban nhân dân xã Bình Lâm", "90005"},
		{"H63.12.03", "H63.12", "Ủy ban nhân dân thị trấn Tây Hà", "90006"},
	} {
		one := org.Agency{Code: a.code, Name: a.name, ParentID: p.at[a.parent].ID, UnitCode: a.unit, Kind: org.KindCommune, Level: org.LevelCommune,
			ReceivesDossiers: true, ValidFrom: civil.MustDate("2020-01-01")}
		switch {
		case len(a.code) == 3:
			one.Kind, one.Level = org.KindProvince, org.LevelProvince
		case a.code == "H63.08":
			one.Kind, one.Level = org.KindDepartment, org.LevelProvince
		case len(a.code) == 6:
			one.Kind, one.Level, one.ReceivesDossiers = org.KindDistrict, org.LevelDistrict, false
		case a.unit == "":
			one.Kind, one.Level = org.KindCenter, org.LevelDistrict
		}
		made, err := p.Org.CreateAgency(identitytest.AsSystem(), one)
		if err != nil {
			t.Fatal(err)
		}
		p.at[a.code] = made
		p.teams[a.code] = p.Team(t, made)
	}
	p.admin = p.Staff(t, "quantri", "Nguyễn Thị Quản", p.at["H63"], "admin")
	p.Staff(t, "cv.anloc2", "Lê Văn Hai", p.at["H63.11.03"], "officer")
	ctx := identitytest.AsSystem()
	// Districts offer by exception; one keeps a holiday of its own, another department its hours.
	for _, d := range []string{"H63.11", "H63.12"} {
		for _, code := range []string{dossiertest.Code, building} {
			if err := p.Procedures.SetOffer(ctx, code, p.at[d].ID, procedure.Direct, procedure.Full); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := p.Org.SaveCalendarDay(ctx, p.at["H63.12"].ID, civil.MustDate("2025-07-08"), calendar.Day{Kind: calendar.Closed}, "Ngày hội huyện"); err != nil {
		t.Fatal(err)
	}
	// The new communes' own calendar may differ: what was promised must stay.
	if _, err := p.Org.SaveCalendarDay(ctx, p.at["H63.11.01"].ID, civil.MustDate("2025-07-03"), calendar.Day{Kind: calendar.Closed}, "Lễ hội xã"); err != nil {
		t.Fatal(err)
	}
	for i, address := range []string{
		"Thôn Đông, xã An Hòa, huyện Đông Hà, tỉnh Hà Sơn", "Thôn Trung, xã An Lộc, huyện Đông Hà", "Thôn Hạ, xã An Lộc, huyện Đông Hà",
		"Tổ 3, thị trấn Tây Hà, huyện Tây Hà", "Thôn 5, xã Bình An, huyện Tây Hà", "Số 9 phố Huế, Hà Nội", "Xóm 2, xã An Phú, Đông Hà", "xa Binh Lam huyen Tay Ha",
	} {
		hash, err := p.Identity.HashPassword(ctx, identitytest.Password)
		if err != nil {
			t.Fatal(err)
		}
		a, err := p.Identity.Register(ctx, identity.NewAccount{Kind: identity.KindCitizen, CitizenNo: fmt.Sprintf("0010850%05d", i+1), Name: fmt.Sprintf("Đỗ Văn %c", 'A'+i),
			Birth: civil.MustPartial("1985"), Phone: "0912345678", Address: address, Hash: hash, Assurance: identity.EIdentity})
		if err != nil {
			t.Fatal(err)
		}
		p.people = append(p.people, a)
	}
	return p
}

// live lets n dossiers begin and go as far as chance has it, the last ones on the eve.
func (p *hasp) live(n int) {
	p.t.Helper()
	where := []string{"H63.11.01", "H63.11.02", "H63.11.03", "H63.12.01", "H63.12.02", "H63.12.03", "H63.11", "H63.12"}
	step := civil.MustDate("2025-06-30").At(16, 0).Sub(p.Clock.Now()) / time.Duration(n+1)
	for i := range n {
		code := where[i%len(where)]
		procedureCode := dossiertest.Code
		if i%3 == 0 {
			procedureCode = building
		}
		p.dossiers = append(p.dossiers, p.one(code, procedureCode, p.people[i%len(p.people)], i))
		p.Clock.Add(step)
		if i%20 == 19 {
			p.Run(p.t)
		}
	}
	p.Run(p.t)
}

// one files a dossier at a counter or online and works on it for some steps.
func (p *hasp) one(code, procedureCode string, who identity.Account, i int) dossier.Dossier {
	t := p.t
	competent, team := p.at[code], p.teams[code]
	counter := team.Clerk
	if competent.Kind == org.KindDistrict {
		counter = p.teams[code+".90"].Clerk
	}
	answers := dossiertest.Answers(who.Name, who.CitizenNo)
	var d dossier.Dossier
	var err error
	if i%4 == 1 && competent.Kind == org.KindCommune {
		d, err = p.Dossiers.File(p.As(t, who), dossier.FileInput{Key: fmt.Sprint("k", i), OfferID: procedureCode + "~" + competent.ID + "~online", CaseID: "default",
			RawAnswers: mustJSON(answers), Papers: []dossier.PaperInput{{Code: "drawing", FileIDs: []string{p.Upload(t, who, "ban-ve.pdf")}}}})
	} else {
		d, err = p.Dossiers.Intake(p.As(t, counter), dossier.IntakeInput{OfferID: procedureCode + "~" + competent.ID + "~direct", CaseID: "default",
			Owner: dossier.Person{Name: who.Name, CitizenNo: who.CitizenNo, Address: who.Address}, Answers: answers, Papers: []dossier.PaperInput{{Code: "drawing", Copies: 1}}})
	}
	if err != nil {
		t.Fatalf("%s at %s: %v", procedureCode, code, err)
	}
	type move struct {
		by     identity.Account
		action string
	}
	var way []move
	if d.Status == dossier.StatusNew {
		way = append(way, move{counter, "accept"})
	}
	switch i % 7 {
	case 0, 1:
		way = append(way, move{team.Officer, "propose"}, move{team.Leader, "approve"}, move{team.Records, "finish"}, move{counter, "handed"})
	case 2:
		way = append(way, move{team.Officer, "ask"})
	case 3:
		way = append(way, move{team.Officer, "propose"})
	case 4:
		way = append(way, move{team.Officer, "hold"})
	case 5:
		way = append(way, move{team.Officer, "propose"}, move{team.Leader, "approve"}, move{team.Records, "finish"})
	}
	for _, m := range way {
		p.Clock.Add(time.Minute)
		in := dossier.ActInput{DossierID: d.ID, Action: m.action, Reason: "Lý do thử", Fields: map[string]any{"scope": "Toàn xã", "checked_on": "02/06/2025"}}
		if m.action == "handed" {
			in.Action = p.handing(d, m.by)
			if in.Action == "" {
				break
			}
		}
		next, err := p.Dossiers.Act(p.As(t, m.by), in)
		if err != nil {
			t.Fatalf("%s on %s at %s: %v", m.action, d.Number, code, err)
		}
		d = next
	}
	return d
}

// handing is the action that hands the result over, as the flow calls it.
func (p *hasp) handing(d dossier.Dossier, by identity.Account) string {
	actions, err := p.Dossiers.Actions(p.As(p.t, by), d.ID)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, a := range actions {
		if a.Effect == flow.ReturnResult && a.Blocked == nil {
			return a.ID
		}
	}
	return ""
}

// asAdmin is a context of the administrator of the province.
func (p *hasp) asAdmin() context.Context { return p.As(p.t, p.admin) }

// propose brings the decree that ships as an example.
func (p *hasp) propose() reform.Decree {
	p.t.Helper()
	text, err := os.ReadFile("../../../docs/reform/demo-2025.yaml")
	if err != nil {
		p.t.Fatal(err)
	}
	d, err := p.reforms.Propose(p.asAdmin(), "demo-2025.yaml", text)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, b := range d.Problems {
		p.t.Errorf("line %d: %s %v %s", b.Line, b.Code, b.Args, b.Text)
	}
	if p.t.Failed() {
		p.t.FailNow()
	}
	return d
}

// midnight lets the day of the decree come and its job run.
func (p *hasp) midnight() error {
	p.Clock.Set(day.At(0, 0))
	_, err := p.Jobs.RunDue(context.Background(), p.reforms.Module().Jobs, nil)
	if err == nil {
		p.Run(p.t)
	}
	return err
}
