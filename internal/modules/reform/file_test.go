package reform_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb/sqldbtest"
)

const head = "number: 12/NQ-HĐND\ndate: 2025-06-16\neffective: 2025-07-01\ntitle: {vi: Thử, en: Test}\nagencies:\n"

func found(list []reform.Problem) []string {
	var out []string
	for _, p := range list {
		code := p.Code
		if p.Text != "" {
			code = "shape"
		}
		out = append(out, fmt.Sprintf("%d %s", p.Line, code))
	}
	slices.Sort(out)
	return out
}

// Every mistake of a file is told at once, with its line.
func TestParse(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		want []string
	}{
		"good":           {head + "  - {move: [A], to: B}\n", nil},
		"unknown key":    {head + "  - {moove: [A], to: B}\n", []string{"6 shape"}},
		"empty":          {"number: x\ntitle: {vi: a, en: b}\ndate: 2025-01-01\neffective: 2025-02-01\n", []string{"1 empty"}},
		"bad dates":      {"number: x\ntitle: {vi: a, en: b}\ndate: gestern\neffective: 31/02/2025\nagencies: [{move: [A], to: B}]\n", []string{"1 date", "1 effective"}},
		"two verbs":      {head + "  - {move: [A], to: B, split: C}\n  - {merge: [A]}\n", []string{"6 one-verb", "7 merge-into"}},
		"no rest":        {head + "  - split: A\n    share:\n      - {to: B, villages: [X]}\n", []string{"8 rest-missing"}},
		"rest not last":  {head + "  - split: A\n    share:\n      - {to: B}\n      - {to: C}\n", []string{"8 rest-not-last"}},
		"to and nothing": {head + "  - split: A\n    share:\n      - {fields: [G1]}\n      - {to: C}\n", []string{"8 rule-to"}},
		"level":          {head + "  - {abolish: {level: canton}, share: [{to: A}]}\n", []string{"6 level"}},
		"body":           {head + "  - create: {code: A, name: B, kind: shed, level: commune}\n", []string{"6 kind"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, problems := reform.Parse("x.yaml", []byte(c.file))
			if got := found(problems); !slices.Equal(got, c.want) {
				t.Errorf("found %v, want %v", got, c.want)
			}
		})
	}
}

// What does not fit the house is told at once too, and nothing is changed by trying.
func TestProposeFindsEverything(t *testing.T) {
	p := newProvince(t, sqldbtest.SQLite(t, lines()...))
	ctx := p.asAdmin()
	d, err := p.reforms.Propose(ctx, "x.yaml", []byte(head+`
  - {merge: [H63.11.01, H63.99], into: H63.77}
  - create: {code: H63.08, name: Ủy ban nhân dân xã An Phú, kind: commune, level: commune, parent: H64}
  - abolish: {agencies: [H63.11]}
    share: [{to: H63.11.01}]
  - {move: [H63], to: H63.12.01}
`))
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, problem := range d.Problems {
		codes = append(codes, problem.Code)
	}
	for _, want := range []string{"unknown-agency", "unknown-target", "code-taken", "child-left", "parent-circle"} {
		if !slices.Contains(codes, want) {
			t.Errorf("%s is not told: %v", want, codes)
		}
	}
	if _, err := p.reforms.Apply(ctx, reform.ApplyInput{DecreeID: d.ID}); !errs.HasCode(err, "reform.has-problems") {
		t.Errorf("a bad decree was taken: %v", err)
	}
	// Somebody left without an owner: nobody at the commune can do what the dossiers need.
	p.live(16)
	d, err = p.reforms.Propose(ctx, "y.yaml", []byte(head+`
  - create: {code: H63.50, name: Ủy ban nhân dân xã Mới, kind: commune, level: commune, parent: H63, receives: true}
  - split: H63.11.03
    share: [{to: H63.50, procedures: ["1.999901"]}, {to: H63.11.02}]
`))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(strings.Join(found(d.Problems), " "), "no-holder") {
		t.Errorf("nobody at the new commune: %v", found(d.Problems))
	}
	// A day that has passed is meant, or it is a mistake.
	p.Clock.Set(day.AddDays(3).At(9, 0))
	good := p.propose()
	if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: good.ID}); !errs.Is(err, errs.Invalid) {
		t.Errorf("a past day without confirmation: %v", err)
	}
	// Nobody below the province sees any of it.
	if _, err := p.reforms.Decree(p.As(t, p.teams["H63.11.01"].Leader), good.ID); !errs.Is(err, errs.NotFound) {
		t.Errorf("a leader of a commune reads it: %v", err)
	}
}

// Two decrees on one agency, and one number twice, are refused; an undone one is gone.
func TestOverlapAndUndo(t *testing.T) {
	p := newProvince(t, sqldbtest.SQLite(t, lines()...))
	d := p.propose()
	if _, err := p.reforms.Apply(p.asAdmin(), reform.ApplyInput{DecreeID: d.ID}); err != nil {
		t.Fatal(err)
	}
	other, err := p.reforms.Propose(p.asAdmin(), "z.yaml", []byte(head+"  - {merge: [H63.11.02], into: H63.12.03}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := found(other.Problems); !slices.Equal(got, []string{"6 overlap"}) {
		t.Errorf("two decrees on one agency: %v", got)
	}
	if d, err = p.reforms.Undo(p.asAdmin(), d.ID); err != nil || d.State != reform.Undone {
		t.Fatal(d.State, err)
	}
	if other, err = p.reforms.Try(p.asAdmin(), other.ID); err != nil || len(other.Problems) > 0 {
		t.Errorf("after the other was undone: %v %v", found(other.Problems), err)
	}
	if err := p.midnight(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Org.AgencyByCode(identitytest.AsSystem(), "H63.41"); !errs.Is(err, errs.NotFound) {
		t.Errorf("an undone decree was applied: %v", err)
	}
}
