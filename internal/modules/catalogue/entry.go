package catalogue

import (
	"slices"
	"strings"

	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// Entry is a procedure of the catalogue as all sources and corrections make it.
type Entry struct {
	Code      string
	Shape     source.Shape // of the source that tells most of it
	Record    *source.Record
	Hash      string
	VersionID string // published; "" when a pack brings the procedure
	Pack      string // code of the pack that brings it, "" for none
	Score     int    // 0 to 100, see [Judge]
	Lacks     []Lack
}

// edit is a part that an officer has set right.
type edit struct {
	Part  source.Part
	Value []byte // JSON
	Base  string // hash of the part it was made of
}

// EditOver is the doubt about a part whose words changed under a correction.
const EditOver source.Why = "edit-over"

// merge makes the entry's record. The most trusted full record tells how the
// procedure is done; mixing the fee of one year with the papers of another would
// invent a procedure that never was. Only what it does not tell at all about who and
// where is taken from the others.
func merge(sources map[source.Shape]*source.Record, edits []edit) (*source.Record, source.Shape, error) {
	var order []source.Shape
	for _, s := range source.Shapes() {
		if sources[s] != nil {
			order = append(order, s)
		}
	}
	best := order[0]
	if i := slices.IndexFunc(order, func(s source.Shape) bool { return sources[s].Full() }); i >= 0 {
		best = order[i]
	}
	r := *sources[best] // the parts are replaced, never written into
	r.Doubts = slices.Clone(r.Doubts)
	for _, s := range order {
		fillGaps(&r, sources[s])
	}
	for _, e := range edits {
		over := r.PartHash(e.Part) != e.Base
		if err := r.SetValue(e.Part, e.Value); err != nil {
			return nil, "", err
		}
		r.ClearDoubts(e.Part)
		if over {
			r.Doubts = append(r.Doubts, source.Doubt{Part: e.Part, Why: EditOver})
		}
	}
	return &r, best, nil
}

func fillGaps(r, other *source.Record) {
	if r.Announcement.Agency == "" {
		r.Announcement.Agency = other.Announcement.Agency
	}
	if r.Field.Name == "" {
		r.Field = other.Field
	}
	if r.Agencies.Performing == "" && r.Agencies.Competent == "" {
		r.Agencies.Performing = other.Agencies.Performing
	}
	if len(r.Levels) == 0 && len(other.Levels) > 0 {
		r.Levels = other.Levels
		for _, d := range other.Doubts {
			if d.Part == source.PartLevels {
				r.Doubts = append(r.Doubts, d)
			}
		}
	}
	if len(r.Audience.Kinds) == 0 && r.Audience.Words == "" {
		r.Audience = other.Audience
	}
	if r.URL == "" {
		r.URL = other.URL
	}
}

// Need is something a published procedure must tell.
type Need string

// The needs, in the order in which people read them. Those up to NeedAgency are
// mandatory by Decree 63/2010/NĐ-CP article 8(2); those after it are due where they
// exist, and every procedure has a result, a basis, a decision, and an answer to what it costs.
const (
	NeedName     Need = "name"
	NeedSteps    Need = "steps"
	NeedChannels Need = "channels"
	NeedPapers   Need = "papers"
	NeedTerm     Need = "term"
	NeedAudience Need = "audience"
	NeedAgency   Need = "agency"
	NeedResult   Need = "result"
	NeedFees     Need = "fees"
	NeedBases    Need = "bases"
	NeedDecision Need = "decision"
)

// Needs lists all needs in order.
func Needs() []Need {
	return []Need{NeedName, NeedSteps, NeedChannels, NeedPapers, NeedTerm, NeedAudience, NeedAgency, NeedResult, NeedFees, NeedBases, NeedDecision}
}

// Mandatory reports whether the need is one of article 8(2) that every procedure has.
func (n Need) Mandatory() bool { return slices.Index(Needs(), n) <= slices.Index(Needs(), NeedAgency) }

// weight is what a need counts for in the score: 7 × 10 + 4 × 7.5 = 100.
func (n Need) weight() float64 {
	if n.Mandatory() {
		return 10
	}
	return 7.5
}

// Lack is a need that is not met: wholly, or in words only that no rule can be made of.
type Lack struct {
	Need  Need
	Words bool // there are words, and nothing that is sure
}

// Judge says how complete a record is: 100 when everything is there as a field; what
// is there in doubtful words counts half.
func Judge(r *source.Record) (score int, lacks []Lack) {
	points := 0.0
	for _, n := range Needs() {
		switch have, sure := meets(r, n); {
		case !have:
			lacks = append(lacks, Lack{Need: n})
		case !sure:
			points += n.weight() / 2
			lacks = append(lacks, Lack{Need: n, Words: true})
		default:
			points += n.weight()
		}
	}
	return int(points), lacks
}

// meets reports whether a record tells something, and whether it is sure.
func meets(r *source.Record, n Need) (have, sure bool) {
	switch n {
	case NeedName:
		return r.Name != "", true
	case NeedSteps:
		return len(r.Steps) > 0 || slices.ContainsFunc(r.Cases, func(c source.Case) bool { return len(c.Steps) > 0 }), true
	case NeedChannels:
		return len(r.Channels) > 0, !doubts(r, source.WayUnknown, source.WayRest)
	case NeedPapers:
		have = slices.ContainsFunc(r.Cases, func(c source.Case) bool { return len(c.Papers) > 0 })
		return have, !doubts(r, source.PaperCount, source.PaperRest)
	case NeedTerm:
		have, sure = false, true
		for _, c := range r.Channels {
			have = have || c.Term.State != source.TermUnknown
			sure = sure && c.Term.State != source.TermDoubtful && c.Term.State != source.TermUnknown
		}
		return have, sure
	case NeedAudience:
		return len(r.Audience.Kinds) > 0 || r.Audience.Words != "", !r.Doubtful(source.PartAudience)
	case NeedAgency:
		return r.Agencies.Performing != "" || r.Agencies.Competent != "", true
	case NeedResult:
		return len(r.Results) > 0, true
	case NeedFees:
		have, sure = false, true
		for _, c := range r.Channels {
			have = have || c.Fees.State != source.FeeUnknown
			sure = sure && c.Fees.State != source.FeeDoubtful && c.Fees.State != source.FeeUnknown
		}
		return have, sure
	case NeedBases:
		return len(r.LegalBases) > 0, !r.Doubtful(source.PartLegalBases)
	case NeedDecision:
		return r.Announcement.Decision != "", r.Announcement.Agency != ""
	}
	return false, false
}

func doubts(r *source.Record, why ...source.Why) bool {
	return slices.ContainsFunc(r.Doubts, func(d source.Doubt) bool { return slices.Contains(why, d.Why) })
}

// Deadline is a duty of publication by the index of Decision 766/QĐ-TTg.
type Deadline struct {
	Duty  Duty
	State DeadlineState
	Days  int // working days between the two days
	Limit int
}

// Duty names a deadline.
type Duty string

// The duties: 1.1, the decision is made so long before the procedure takes effect;
// 1.2, it stands on the national database so soon after the decision.
const (
	DutyAnnounce Duty = "announce"
	DutyPublish  Duty = "publish"
)

// DeadlineState says how a duty stands.
type DeadlineState string

// The states; without both days nobody can say.
const (
	InTime  DeadlineState = "in-time"
	Late    DeadlineState = "late"
	Unknown DeadlineState = "unknown"
)

// Deadlines judges the days of an announcement by the national working calendar.
func Deadlines(a source.Announcement, cal calendar.Calendar) []Deadline {
	before, after := 20, 10 // ministries
	if local(a.Agency) {
		before, after = 5, 5
	}
	announce := Deadline{Duty: DutyAnnounce, State: Unknown, Limit: before}
	if n, ok := workingDays(cal, a.Date, a.Effective); ok {
		announce.Days, announce.State = n, InTime
		if n < before {
			announce.State = Late
		}
	}
	publish := Deadline{Duty: DutyPublish, State: Unknown, Limit: after}
	if n, ok := workingDays(cal, a.Date, a.Published); ok {
		publish.Days, publish.State = n, InTime
		if n > after {
			publish.State = Late
		}
	}
	return []Deadline{announce, publish}
}

func local(agency string) bool {
	key := fold.Key(agency)
	return strings.HasPrefix(key, "ubnd") || strings.HasPrefix(key, "uy ban nhan dan") || strings.HasPrefix(key, "chu tich uy ban nhan dan") || strings.HasPrefix(key, "chu tich ubnd")
}

// workingDays counts the working days after from up to and with to; none when to lies before.
func workingDays(cal calendar.Calendar, from, to string) (n int, ok bool) {
	a, aerr := civil.Parse(from)
	b, berr := civil.Parse(to)
	if aerr != nil || berr != nil || a.IsZero() || b.IsZero() || b.DaysSince(a) > 10*366 {
		return 0, false
	}
	for d := a.AddDays(1); !b.Before(d); d = d.AddDays(1) {
		if cal.IsWorking(d) {
			n++
		}
	}
	return n, true
}
