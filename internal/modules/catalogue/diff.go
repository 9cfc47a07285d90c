package catalogue

import (
	"slices"
	"strconv"
	"strings"

	"motcua/internal/core/procedure"
	"motcua/internal/modules/catalogue/source"
	"motcua/internal/platform/fold"
)

// PartDiff is what changed in one part: the lines that are gone and those that came.
type PartDiff struct {
	Part source.Part `json:"part"`
	Old  []string    `json:"old,omitempty"`
	New  []string    `json:"new,omitempty"`
}

// difference compares two records part by part, in words. old may be nil.
func difference(old, fresh *source.Record) (out []PartDiff) {
	for _, p := range source.Parts() {
		var a []string
		if old != nil {
			a = lines(old, p)
		}
		b := lines(fresh, p)
		if slices.Equal(a, b) {
			// The figures may be equal and the words they were read from not.
			if old != nil && fold.Clean(old.Original[p]) != fold.Clean(fresh.Original[p]) && old.PartHash(p) != fresh.PartHash(p) {
				out = append(out, PartDiff{Part: p, Old: []string{shorten(old.Original[p])}, New: []string{shorten(fresh.Original[p])}})
			}
			continue
		}
		d := PartDiff{Part: p}
		for _, x := range a {
			if !slices.Contains(b, x) {
				d.Old = append(d.Old, x)
			}
		}
		for _, x := range b {
			if !slices.Contains(a, x) {
				d.New = append(d.New, x)
			}
		}
		if len(d.Old)+len(d.New) == 0 { // only the order or the number of equal lines changed
			d.Old, d.New = a, b
		}
		out = append(out, d)
	}
	return out
}

func shorten(s string) string {
	if r := []rune(s); len(r) > 2000 {
		return string(r[:2000]) + "…"
	}
	return s
}

// lines is a part as lines that people read; the catalogue is Vietnamese.
func lines(r *source.Record, p source.Part) (out []string) {
	add := func(parts ...string) {
		parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
		if len(parts) > 0 {
			out = append(out, strings.Join(parts, " · "))
		}
	}
	switch p {
	case source.PartName:
		add(r.Name)
	case source.PartAnnouncement:
		add(r.Announcement.Agency)
		add(r.Announcement.Decision)
		add(labelled("ngày", r.Announcement.Date))
		add(labelled("hiệu lực", r.Announcement.Effective))
		add(labelled("công khai", r.Announcement.Published))
	case source.PartLevels:
		for _, l := range r.Levels {
			add(levelNames[l])
		}
	case source.PartField:
		add(r.Field.Name, r.Field.Code)
	case source.PartAudience:
		add(r.Audience.Words)
		for _, a := range r.Audience.Kinds {
			add(audienceNames[a])
		}
	case source.PartAgencies:
		add(labelled("thực hiện", r.Agencies.Performing))
		add(labelled("thẩm quyền", r.Agencies.Competent))
		add(labelled("được ủy quyền", r.Agencies.Delegated))
		add(labelled("phối hợp", r.Agencies.Cooperating))
		add(labelled("địa chỉ", r.Agencies.Address))
	case source.PartChannels:
		for _, c := range r.Channels {
			add(channelNames[c.Kind], termLine(c.Term), feeLine(c.Fees), fold.Clean(c.Note))
		}
	case source.PartSteps:
		out = append(out, r.Steps...)
	case source.PartCases:
		for _, c := range r.Cases {
			out = append(out, c.Steps...)
			for _, x := range c.Papers {
				add(c.Name, x.Name, x.Form, paperCount(x))
			}
		}
	case source.PartResults:
		for _, x := range r.Results {
			add(x.Name, x.Code)
		}
	case source.PartLegalBases:
		for _, x := range r.LegalBases {
			add(x.Number, x.Name, x.Date, x.Agency)
		}
	case source.PartConditions:
		add(r.Conditions)
	case source.PartSummary:
		add(r.Summary)
	case source.PartKeywords:
		add(strings.Join(r.Keywords, ", "))
	case source.PartRelated:
		add(strings.Join(r.Related, ", "))
	}
	return out
}

func labelled(label, value string) string {
	if value == "" {
		return ""
	}
	return label + ": " + value
}

func paperCount(p source.Paper) string {
	if p.Uncounted {
		return ""
	}
	return strconv.Itoa(p.Originals) + " bản chính, " + strconv.Itoa(p.Copies) + " bản sao"
}

var levelNames = map[procedure.Level]string{
	procedure.Ministry: "Cấp bộ", procedure.Province: "Cấp tỉnh", procedure.District: "Cấp huyện", procedure.Commune: "Cấp xã", procedure.OtherLevel: "Cơ quan khác",
}

var channelNames = map[procedure.ChannelKind]string{procedure.Direct: "Trực tiếp", procedure.Online: "Trực tuyến", procedure.Postal: "Bưu chính"}

var audienceNames = map[procedure.Audience]string{
	procedure.Citizen: "Công dân", procedure.Foreigner: "Người nước ngoài", procedure.Enterprise: "Doanh nghiệp", procedure.Household: "Hộ kinh doanh",
	procedure.Organisation: "Tổ chức", procedure.Official: "Cán bộ, công chức, viên chức",
}

var unitNames = map[source.TermUnit]string{
	source.WorkingHour: "giờ làm việc", source.Hour: "giờ", source.WorkingDay: "ngày làm việc", source.Day: "ngày", source.Month: "tháng",
}

func termLine(t source.Term) string {
	switch t.State {
	case source.TermRule:
		if t.Before != "" {
			return "trong ngày nếu nhận trước " + t.Before
		}
		return strconv.Itoa(t.Amount) + " " + unitNames[t.Unit]
	case source.TermNone:
		return "không quy định thời hạn"
	}
	return t.Text
}

func feeLine(f source.Fees) string {
	switch f.State {
	case source.FeeFree:
		return "miễn phí"
	case source.FeeAmounts:
		var parts []string
		for _, x := range f.Items {
			s := group(x.Amount) + " đồng"
			if x.Note != "" {
				s += " (" + x.Note + ")"
			}
			parts = append(parts, s)
		}
		return strings.Join(parts, ", ")
	}
	return f.Text
}

// group puts points between thousands.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "." + s[i:]
	}
	return s
}
