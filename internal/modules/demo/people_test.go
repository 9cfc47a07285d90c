package demo

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/ident"
)

func TestPeople(t *testing.T) {
	today := civil.MustDate("2026-11-20")
	all := people(rand.New(rand.NewPCG(1, 2)), 500, today)
	numbers := map[string]bool{}
	for _, p := range all {
		n, err := ident.ParseCitizenNumber(p.CitizenNo)
		if err != nil {
			t.Fatalf("%s: %v", p.CitizenNo, err)
		}
		if w := n.Warnings(ident.Sex(p.Gender), p.Birth.Partial()); len(w) > 0 {
			t.Errorf("%s does not agree with %s, born %s: %v", p.CitizenNo, p.Gender, p.Birth, w)
		}
		if place := n.Explain().Place; place != "" {
			t.Errorf("%s is a number of %s", n, place)
		}
		if numbers[p.CitizenNo] {
			t.Errorf("%s occurs twice", p.CitizenNo)
		}
		numbers[p.CitizenNo] = true
		if age := p.age(today); age < 20 || age > 70 {
			t.Errorf("%s is %d years old", p.Name, age)
		}
		if _, err := ident.ParsePhone(p.Phone); err != nil || !strings.HasPrefix(p.Phone, "050") {
			t.Errorf("telephone %s: %v", p.Phone, err)
		}
		if _, err := ident.ParseEmail(p.Email); err != nil || !strings.HasSuffix(p.Email, ".example") {
			t.Errorf("e-mail %s: %v", p.Email, err)
		}
		if len(strings.Fields(p.Name)) != 3 {
			t.Errorf("name %q", p.Name)
		}
	}
}

func TestStraysDiffer(t *testing.T) {
	seen := map[string]bool{}
	for life := range 300 {
		s := newStrays(rand.New(rand.NewPCG(1, uint64(life))), life)
		for range perLife - 1 {
			p := s.next("", male, civil.MustDate("1990-05-05"), "ward")
			if seen[p.CitizenNo] {
				t.Fatalf("%s occurs twice", p.CitizenNo)
			}
			seen[p.CitizenNo] = true
		}
	}
}

func TestQuota(t *testing.T) {
	weights := []float64{34, 14, 13, 5, 0.5}
	for _, n := range []int{0, 1, 7, 20, 400} {
		out := quota(rand.New(rand.NewPCG(1, 2)), n, len(weights), func(i int) float64 { return weights[i] })
		if len(out) != n {
			t.Fatalf("%d places shared out as %d", n, len(out))
		}
		count := make([]int, len(weights))
		for _, kind := range out {
			count[kind]++
		}
		if n >= 20 && slices.Min(count) == 0 {
			t.Errorf("of %d places one kind got none: %v", n, count)
		}
		if n == 400 && (count[0] < 195 || count[0] > 210) {
			t.Errorf("the heaviest got %d of 400", count[0])
		}
	}
}

func TestClockNeverStandsStill(t *testing.T) {
	real := time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	c := &Clock{Real: func() time.Time { return real }}
	at := time.Date(2025, 12, 1, 1, 0, 0, 0, time.UTC)
	first := c.set(at)
	second := c.set(at)
	third := c.set(at.Add(-time.Hour))
	if !first.Equal(at) || !second.After(first) || !third.After(second) || !c.Now().Equal(third) {
		t.Errorf("%s, %s, %s", first, second, third)
	}
	c.release()
	if !c.Now().Equal(real) {
		t.Errorf("released, it shows %s", c.Now())
	}
}
