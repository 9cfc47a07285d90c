package procedure

import (
	"strings"
	"testing"
)

// judge decodes, checks and asks for the mandatory parts, as a pack does.
func judge(data []byte) error {
	def, err := Decode("p.yaml", data)
	if err != nil {
		return err
	}
	if err := Check(def); err != nil {
		return err
	}
	return Publishable(def)
}

func TestSoundDefinition(t *testing.T) {
	if err := judge(with(t)); err != nil {
		t.Fatal(err)
	}
	def, err := Decode("p.yaml", with(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, ch := range def.Channels {
		if ch.Term.Amount != 1 || ch.TermText.VI != "Trong ngày" || len(ch.Fees) != 1 {
			t.Errorf("channel %s did not take over what stands above the channels: %+v", ch.Kind, ch)
		}
	}
}

func TestCheckReports(t *testing.T) {
	for name, c := range map[string]struct {
		change []string
		want   string // "line: part of the message"
	}{
		"unknown key":             {[]string{"level: commune\ncomp", "levels: commune\ncomp"}, `p.yaml:4: unknown key "levels"; did you mean "level"?`},
		"key twice":               {[]string{"audience: [citizen]", "audience: [citizen]\naudience: [foreigner]"}, `p.yaml:8: key "audience" is written twice`},
		"word for a number":       {[]string{"amount: 8000", "amount: nhiều"}, `p.yaml:13: expected a whole number, found "nhiều"`},
		"list for a map":          {[]string{"field: {code: G15-TP01, vi: Hộ tịch, en: Civil status}", "field: [G15]"}, `p.yaml:3: expected keys and values`},
		"alias":                   {[]string{"summary: {vi: Tóm tắt, en: Summary}", "summary: &s {vi: Tóm tắt, en: Summary}"}, `p.yaml:9: anchors and aliases`},
		"broken text":             {[]string{"audience: [citizen]", "audience: [citizen"}, `p.yaml:`},
		"code":                    {[]string{`"1.001193"`, `"1.1193"`}, `p.yaml:1: code "1.1193" is not a procedure code`},
		"level":                   {[]string{"level: commune\ncomp", "level: comune\ncomp"}, `level cannot be "comune"; did you mean "commune"?`},
		"district level":          {[]string{"level: commune\ncomp", "level: district\ncomp"}, `level cannot be "district"`},
		"field code":              {[]string{"G15-TP01", "TP-1"}, `p.yaml:3: field code "TP-1"`},
		"day":                     {[]string{"2025-07-01", "01/07/2025"}, `valid_from "01/07/2025" is not a day`},
		"period":                  {[]string{"valid_from: 2025-07-01", "valid_from: 2025-07-01\nvalid_to: 2025-01-01"}, `valid_to 2025-01-01 lies before`},
		"audience":                {[]string{"[citizen]", "[citizens]"}, `audience cannot be "citizens"; did you mean "citizen"?`},
		"life event":              {[]string{"audience: [citizen]", "audience: [citizen]\nlife_events: [party]"}, `life event cannot be "party"`},
		"channel":                 {[]string{"{kind: online}]\ncases", "{kind: fax}]\ncases"}, `p.yaml:14: channel cannot be "fax"`},
		"channel twice":           {[]string{"{kind: online}]\ncases", "{kind: direct}]\ncases"}, `channel "direct" stands twice`},
		"term unit":               {[]string{"unit: working_day", "unit: week"}, `term: amount 1 with unit "week" cannot be`},
		"term without amount":     {[]string{"amount: 1, unit", "amount: 0, unit"}, `term: amount 0`},
		"same day":                {[]string{`"15:00"`, `"3pm"`}, `same_day_before "3pm" is not a time`},
		"no English":              {[]string{"summary: {vi: Tóm tắt, en: Summary}", "summary: {vi: Tóm tắt}"}, `summary has no English words`},
		"no Vietnamese":           {[]string{"{vi: Nộp, en: File}", "{en: File}"}, `a step of case default has no Vietnamese words`},
		"third language":          {[]string{"{vi: Nộp, en: File}", "{vi: Nộp, fr: Déposer}"}, `a text has the languages vi and en, not "fr"`},
		"fee kind":                {[]string{"kind: charge", "kind: tax"}, `kind of fee late cannot be "tax"`},
		"fee of nothing":          {[]string{"amount: 8000", "amount: 0"}, `fee "late" needs an amount`},
		"negative fee":            {[]string{"amount: 8000", "amount: -1"}, `fee "late" has a negative amount`},
		"fee of another case":     {[]string{"amount: 8000", "amount: 8000, cases: [other]"}, `fee "late" names the case "other"`},
		"fee twice":               {[]string{"amount: 8000}", "amount: 8000}\n  - {code: late, name: {vi: A, en: B}, kind: fee, amount: 1}"}, `fee "late" stands twice`},
		"case without form":       {[]string{"    form: birth\n", ""}, `case "default" names no form`},
		"case without flow":       {[]string{"    flow: civil-status\n", ""}, `case "default" names no flow`},
		"template, no register":   {[]string{"    flow: civil-status\n", "    flow: civil-status\n    template: t\n"}, `has a template but no register`},
		"component without paper": {[]string{"originals: 1", "originals: 0"}, `component "notice" needs a number of originals or copies`},
		"component twice":         {[]string{"originals: 1}", "originals: 1}\n      - {code: notice, name: {vi: A, en: B}, copies: 1}"}, `component "notice" stands twice`},
		"component of other form": {[]string{"originals: 1", "originals: 1, form: death"}, `stands for the form "death"`},
		"reuse":                   {[]string{"originals: 1", "originals: 1, reuse: [GKS]"}, `reuse: "GKS" is not a result code`},
		"file type":               {[]string{"originals: 1", "originals: 1, accept: [exe]"}, `accept of component notice cannot be "exe"`},
		"result code":             {[]string{"KQ.G15.000031", "GKS"}, `result code "GKS"`},
		"legal basis":             {[]string{"number: 60/2014/QH13, ", ""}, `a legal basis needs its number`},
		"offer of no channel":     {[]string{"channels: [direct, online], online: full", "channels: [direct, postal], online: full"}, `offers name the channel "postal"`},
		"offer online":            {[]string{"online: full", "online: level4"}, `offers online cannot be "level4"`},
		"information online":      {[]string{"online: full", "online: info"}, `an information-only service cannot be filed online`},
		"codes and names":         {[]string{"offers: {level: commune,", "offers: {level: commune, codes: [H56], agency_names: [Sở Y tế],"}, `by codes or by agency_names`},
		"related":                 {[]string{"audience: [citizen]", "audience: [citizen]\nrelated: [khai tử]"}, `related: "khai tử" is not a procedure code`},
	} {
		t.Run(name, func(t *testing.T) {
			err := judge(with(t, c.change...))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got:\n%v\nwant: %s", err, c.want)
			}
			if err != nil && !strings.Contains(err.Error(), "p.yaml:") {
				t.Errorf("the problem does not tell its place: %v", err)
			}
		})
	}
}

// Everything wrong is said at once: nobody mends a file one error at a time.
func TestCheckReportsEverything(t *testing.T) {
	def, err := Decode("p.yaml", with(t, `"1.001193"`, "x", "level: commune\ncomp", "level: x\ncomp", "G15-TP01", "x", "KQ.G15.000031", "x"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(Check(def).Error(), "\n") + 1; n != 4 {
		t.Errorf("%d problems, want 4:\n%v", n, Check(def))
	}
}

// Decree 63/2010/NĐ-CP article 8(2) names the parts without which nothing is published.
func TestPublishableNeeds(t *testing.T) {
	for part, change := range map[string][]string{
		"trình tự thực hiện":  {"    steps: [{vi: Nộp, en: File}]\n", ""},
		"cách thức thực hiện": {"channels: [{kind: direct}, {kind: online}]", "channels: []"},
		"thành phần hồ sơ":    {"    components:\n      - {code: notice, name: {vi: Giấy chứng sinh, en: Notice}, originals: 1}\n", ""},
		"đối tượng thực hiện": {"audience: [citizen]\n", ""},
		"cơ quan thực hiện":   {"competent: {vi: UBND cấp xã, en: Commune}\n", ""},
		"quyết định công bố":  {"decision: 163/QĐ-BTP", "decision: ''"},
		"kết quả thực hiện":   {"results: [{code: KQ.G15.000031, name: {vi: Giấy khai sinh, en: Certificate}}]\n", ""},
		"căn cứ pháp lý":      {"legal_bases: [{number: 60/2014/QH13, name: {vi: Luật Hộ tịch, en: Law}}]\n", ""},
		"thời hạn giải quyết": {"term_text: {vi: Trong ngày, en: Same day}\n", ""},
		"tên thủ tục":         {"name: {vi: Đăng ký khai sinh, en: Birth registration}\n", ""},
		"offers":              {"channels: [direct, online], online: full", "online: full"},
	} {
		def, err := Decode("p.yaml", with(t, change...))
		if err != nil {
			t.Fatal(err)
		}
		if err := Publishable(def); err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("without %s: got %v", part, err)
		}
	}
}

func TestShippedProceduresAreSound(t *testing.T) {
	for _, def := range shipped(t) {
		if err := Check(def); err != nil {
			t.Error(err)
		}
		if err := Publishable(def); err != nil {
			t.Error(err)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte("code: [1"))
	f.Fuzz(func(t *testing.T, data []byte) {
		def, err := Decode("f.yaml", data)
		if err != nil {
			return
		}
		_ = Check(def)
		_ = Publishable(def)
	})
}
