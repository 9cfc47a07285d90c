package source

import (
	"errors"
	"io"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"

	"motcua/internal/platform/sharedtest"
)

// checked are 60 procedures drawn at random (seed 20261127) from the pages, sheets and
// records of the former portal. A person has read each row of the published table and
// written down what it says: channel, term (w working days, d days, m months; ? no rule
// can be told from it; - not stated), fee (free, đồng; ? no amount is sure; - not stated).
// At most the first four rows of a table are judged.
const checked = `
3.000520: online 7w free; postal 7w free; direct 7w free
1.005100: online ? free; direct ? free
1.013581: direct ? free
1.014859: online 4w free; postal 4w free; direct 4w free
1.000188: postal 14w free; direct 14w free
2.000596: online 7d free; postal 7d free; direct 7d -
1.014566: online 1d free; postal 1d free; direct 1d free
2.002799: online 10d free; postal 10d free; direct 10d free
2.000515: online 12w free; postal 12w free; direct 12w free
1.001577: direct 2w -
1.007022: online ? free; postal ? free; direct ? free
1.003851: online - free; postal - free; direct - free
2.002031: online ? ?; postal ? ?; direct ? ?
1.009731: postal 10d free; direct 10d free; online 10w free
1.007816: direct 5w free
1.012363: postal 30d free; direct 30d free
3.000495: direct 5w ?; online 5w ?; postal 5w ?
1.009461: online 3w free; postal 3w free; direct 3w free
1.001695: online 10d ?; postal 10d ?; direct 10d ?
1.013521: direct 90d -; postal 90d -
1.013281: direct 27w free; online 27w free; postal 27w free
1.002127: postal 5w free; direct 5w free
1.005378: online 3w ?; postal 3w ?; direct 3w ?
1.013333: online 5w ?; postal 5w ?; direct 5w ?
1.014605: online 10w free; postal 10w free; direct 10w free
1.013621: direct - free; postal - free
1.013097: online - ?; postal - ?; direct - ?
1.003347: online 30w free; postal 30w free; direct 30w free
2.001406: direct - 50000; online - 50000; postal - 50000
1.014355: postal 40d free; direct 40d free
1.010226: postal 15w free; direct 15w free
1.013531: direct 60d -; online 60d -; postal 60d -
1.013218: online 30d ?; postal 20d ?; direct 40d ?
2.000630: online 3w free; postal 3w free; direct 3w free
1.013070: online 5w free; postal 5w free; direct 5w free
1.000661: online 10d free; postal 10d free; direct 10d free
1.004270: postal 20d ?; direct 20d ?
1.000254: online 6w 5000000; postal 6w 5000000; direct 6w 10000000
3.000179: online 4w -; postal 4w -; direct 4w -
1.014775: online 90d -; postal 90d -; direct 90d -
1.000801: online 107d free; postal 107d free; direct 107d free
1.002391: online 4w free; postal 4w free; direct 4w free
1.010990: online ? free; postal ? free; direct ? free
1.001280: online 3w 50000; direct 3w ?
3.000053: postal 15w free; direct ? free
6.003632: direct 45d free; online 45d free; postal 45d free
1.002411: online 5w ?; postal 5w ?; direct 5w ?
1.000017: online 1w 50000; postal 1w 50000; direct 1w 50000
2.002058: postal ? free; direct ? free
1.014717: online 11w free; postal 11w free; direct 11w free
5.003812: direct 15d -; online 15d -; postal 15d -
1.003037: online 21d free; postal 21d free; direct 21d free
3.000366: online 2w free; postal 2w free; direct 2w free
1.014210: online 10w -; postal 10w -; direct 10w -
1.001324: online 2w free; postal 2w free; direct 2w free
1.000771: online 5w ?; postal 5w ?; direct 5w ?
1.003290: direct 6m ?
1.010331: online ? free; postal ? free; direct ? free
1.000080: online ? ?; postal ? ?; direct ? ?
1.013190: direct 12d free; postal 12d free
`

// Of everything that was read into a field nothing may be read wrongly; what a person
// could not tell either must be a doubt.
func TestFiguresOfACheckedSample(t *testing.T) {
	want := map[string][]string{}
	for line := range strings.Lines(strings.TrimSpace(checked)) {
		code, rows, _ := strings.Cut(strings.TrimSpace(line), ": ")
		want[code] = strings.Split(rows, "; ")
	}
	rows, figures, right := 0, 0, 0
	for r := range publishedRecords(t) {
		expected, ok := want[r.Code]
		if !ok || !r.Full() {
			continue
		}
		delete(want, r.Code)
		for i, w := range expected {
			if i >= len(r.Channels) {
				t.Errorf("%s: row %d is missing", r.Code, i+1)
				continue
			}
			rows++
			got := said(r.Channels[i])
			g, e := strings.Fields(got), strings.Fields(w)
			for j := 1; j < 3; j++ {
				if g[j] == "?" || g[j] == "-" {
					continue
				}
				figures++
				if g[j] == e[j] {
					right++
				}
			}
			if got != w {
				t.Errorf("%s row %d is read as %q, the table says %q", r.Code, i+1, got, w)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
	t.Logf("%d rows of 60 procedures: %d of %d figures right", rows, right, figures)
}

// said is a row in the words of the sample.
func said(c Channel) string {
	term := map[TermState]string{TermUnknown: "-", TermNone: "none", TermDoubtful: "?"}[c.Term.State]
	if c.Term.State == TermRule {
		term = strconv.Itoa(c.Term.Amount) + map[TermUnit]string{WorkingDay: "w", Day: "d", Month: "m", WorkingHour: "h"}[c.Term.Unit]
	}
	fee := map[FeeState]string{FeeUnknown: "-", FeeFree: "free", FeeDoubtful: "?"}[c.Fees.State]
	if c.Fees.State == FeeAmounts {
		var all []string
		for _, x := range c.Fees.Items {
			all = append(all, strconv.FormatInt(x.Amount, 10))
		}
		fee = strings.Join(all, "+")
	}
	return string(c.Kind) + " " + term + " " + fee
}

// publishedRecords reads every record of the reference data that tells how a
// procedure is done.
func publishedRecords(t testing.TB) func(func(*Record) bool) {
	dir := os.DirFS(sharedtest.Dir(t))
	return func(yield func(*Record) bool) {
		for _, pattern := range []string{"full_2026-07", "structured_bqp_2025", "structured_citizen_2021"} {
			entries, err := os.ReadDir(path.Join(sharedtest.Dir(t), "02-procedures", pattern))
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				f, err := dir.Open(path.Join("02-procedures", pattern, e.Name()))
				if err != nil {
					t.Fatal(err)
				}
				split := NewSplitter(f)
				for {
					it, err := split.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					if r, _, err := Read(it.Data); err == nil && !yield(r) {
						return
					}
				}
				if err := f.Close(); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}
