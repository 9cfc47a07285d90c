package place

import (
	"strings"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

// Level is the tier of a unit.
type Level string

// The levels, from the largest.
const (
	Province Level = "province" // cấp tỉnh
	District Level = "district" // cấp huyện, until 30 June 2025
	Commune  Level = "commune"  // cấp xã
)

// LevelOf tells the level of a code by its length; ok is false for what is no code.
func LevelOf(code string) (l Level, ok bool) {
	for i := range len(code) {
		if code[i] < '0' || code[i] > '9' {
			return "", false
		}
	}
	switch len(code) {
	case 2:
		return Province, true
	case 3:
		return District, true
	case 5:
		return Commune, true
	}
	return "", false
}

// Kind is what a unit is called in law.
type Kind string

// The kinds of units.
const (
	KindProvince       Kind = "province"        // tỉnh
	KindCity           Kind = "city"            // thành phố trực thuộc trung ương
	KindUrbanDistrict  Kind = "urban_district"  // quận
	KindRuralDistrict  Kind = "rural_district"  // huyện
	KindTown           Kind = "town"            // thị xã
	KindProvincialCity Kind = "provincial_city" // thành phố thuộc tỉnh, thuộc thành phố
	KindCommune        Kind = "commune"         // xã
	KindWard           Kind = "ward"            // phường
	KindTownship       Kind = "township"        // thị trấn
	KindSpecialZone    Kind = "special_zone"    // đặc khu
)

// kindInfo is how a kind is written.
type kindInfo struct {
	kind    Kind
	level   Level
	word    string   // before the name
	english string   // behind the name
	seed    string   // letters in the seed
	spoken  []string // folded words before a name that mean it
}

var kindTable = []kindInfo{
	{KindProvince, Province, "Tỉnh", "Province", "t", []string{"tinh", "t"}},
	{KindCity, Province, "Thành phố", "City", "tp", []string{"thanh pho", "tp", "t p"}},
	{KindUrbanDistrict, District, "Quận", "District", "q", []string{"quan", "q"}},
	{KindRuralDistrict, District, "Huyện", "District", "h", []string{"huyen", "h"}},
	{KindTown, District, "Thị xã", "Town", "tx", []string{"thi xa", "tx", "t x"}},
	{KindProvincialCity, District, "Thành phố", "City", "tp", []string{"thanh pho", "tp", "t p"}},
	{KindCommune, Commune, "Xã", "Commune", "x", []string{"xa", "x"}},
	{KindWard, Commune, "Phường", "Ward", "p", []string{"phuong", "p", "f"}},
	{KindTownship, Commune, "Thị trấn", "Township", "tt", []string{"thi tran", "tt", "t t"}},
	{KindSpecialZone, Commune, "Đặc khu", "Special Zone", "dk", []string{"dac khu", "dk"}},
}

func (k Kind) info() kindInfo {
	for _, i := range kindTable {
		if i.kind == k {
			return i
		}
	}
	return kindInfo{}
}

// Kinds lists the kinds of a level.
func Kinds(l Level) (kinds []Kind) {
	for _, i := range kindTable {
		if i.level == l {
			kinds = append(kinds, i.kind)
		}
	}
	return kinds
}

// Word is the kind in Vietnamese, "Phường".
func (k Kind) Word() string { return k.info().word }

// Beginning is the first day of units that have been there as long as the lists
// reach back.
var Beginning = civil.MustDate("0001-01-01")

// Key tells one unit from all others, also from an older one of the same code.
type Key struct {
	Code string     `json:"code"`
	From civil.Date `json:"from"`
}

// Unit is an administrative unit in one state: name, kind and place in the tree. A
// change of any of them is another Unit.
type Unit struct {
	Code      string
	Level     Level
	Kind      Kind
	Name      string     // without its kind: "Ba Đình"
	English   string     // of a province: "Hanoi"; "" otherwise
	Parent    string     // code of the unit it lies in, "" for a province
	ValidFrom civil.Date // first day
	ValidTo   civil.Date // last day, zero while it stands
	Legal     string     // what founded it, "" as far back as the lists reach
	EndLegal  string     // what ended it
	Origin    string     // decree of this house that opened it, "" of the national list
	EndOrigin string     // decree of this house that closed it
}

// Key returns what tells u from all other units.
func (u Unit) Key() Key { return Key{u.Code, u.ValidFrom} }

// IsZero reports whether u is no unit.
func (u Unit) IsZero() bool { return u.Code == "" }

// ValidOn reports whether u stood on a day.
func (u Unit) ValidOn(d civil.Date) bool { return d.In(u.ValidFrom, u.ValidTo) }

// FullName is the name with its kind: "Phường Ba Đình".
func (u Unit) FullName() string {
	if u.Name == "" {
		return ""
	}
	return u.Kind.Word() + " " + u.Name
}

// Text is the full name in both languages: "Tỉnh Cao Bằng", "Cao Bang Province". The
// names of communes are not translated, only their kind.
func (u Unit) Text() i18n.Text {
	name := u.English
	if name == "" {
		name = u.Name
	}
	english := strings.TrimSpace(name + " " + u.Kind.info().english)
	if strings.Trim(name, "0123456789") == "" { // "Ward 5", but "Ben Nghe Ward"
		english = strings.TrimSpace(u.Kind.info().english + " " + name)
	}
	return i18n.Text{VI: u.FullName(), EN: english}
}

// overlaps reports whether both stood on some day.
func overlaps(a, b Unit) bool {
	return (b.ValidTo.IsZero() || !a.ValidFrom.After(b.ValidTo)) && (a.ValidTo.IsZero() || !b.ValidFrom.After(a.ValidTo))
}

// Share is how much of a unit went to a successor.
type Share string

// The shares.
const (
	Full    Share = "full"    // toàn bộ
	Partial Share = "partial" // một phần
)

// Succession says that New took over all or a part of Old.
type Succession struct {
	Old, New  Key
	Share     Share
	Residents bool       // of a part: all who live there came with it
	Day       civil.Date // first day of the new state
	Legal     string
	Origin    string // decree of this house, "" of the national list
}
