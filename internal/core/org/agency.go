package org

import (
	"strings"

	"motcua/internal/platform/civil"
)

// Kind says what sort of body an agency is.
type Kind string

// The kinds of agency.
const (
	KindProvince   Kind = "province"   // UBND tỉnh, thành phố
	KindDepartment Kind = "department" // sở, ban, ngành cấp tỉnh
	KindDistrict   Kind = "district"   // UBND quận, huyện, thị xã, thành phố thuộc tỉnh: until 30 June 2025
	KindCommune    Kind = "commune"    // UBND xã, phường, đặc khu
	KindCenter     Kind = "center"     // trung tâm phục vụ hành chính công
	KindUnit       Kind = "unit"       // đơn vị trực thuộc
)

// Kinds lists every kind in the order of a menu.
func Kinds() []Kind {
	return []Kind{KindProvince, KindDepartment, KindDistrict, KindCommune, KindCenter, KindUnit}
}

// Level is the level of government (cấp chính quyền): two since 1 July 2025, three
// before it. Which of them a province has is data: its agencies.
type Level string

// The levels.
const (
	LevelProvince Level = "province" // cấp tỉnh
	LevelDistrict Level = "district" // cấp huyện
	LevelCommune  Level = "commune"  // cấp xã
)

// Levels lists every level, the highest first.
func Levels() []Level { return []Level{LevelProvince, LevelDistrict, LevelCommune} }

// Agency is a body of the state (cơ quan, đơn vị).
type Agency struct {
	ID      string
	Code    string // agency id (mã định danh điện tử), "H56.15.02"
	OldCode string // as of Thông tư 10/2016/TT-BTTTT, "000.00.15.H56"; may be empty

	Name      string // "Ủy ban nhân dân phường Hồng Hà"
	ShortName string // "UBND phường Hồng Hà"
	Kind      Kind
	Level     Level
	ParentID  string // "" for a root
	Path      string // "/<root>/…/<own id>/"

	Address, Phone, Email string
	UnitCode              string // administrative unit it serves (mã đơn vị hành chính): province 2 digits, district 3, commune 5

	ReceivesDossiers bool // it has a one-stop counter (bộ phận một cửa)

	ValidFrom civil.Date // first day
	ValidTo   civil.Date // last day; none while it exists
	Rev       int64      // counts changes, for optimistic edits
}

// ValidOn reports whether the agency exists on a day.
func (a Agency) ValidOn(d civil.Date) bool { return d.In(a.ValidFrom, a.ValidTo) }

// Within reports whether the agency is at or below the given path.
func (a Agency) Within(path string) bool { return path != "" && strings.HasPrefix(a.Path, path) }

// Ancestors returns the ids on the way from the root to the agency itself.
func (a Agency) Ancestors() []string { return PathIDs(a.Path) }

// PathIDs splits a path into its ids, the root first.
func PathIDs(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}

// Department is a part of an agency (phòng, ban).
type Department struct {
	ID, AgencyID, Name string
	Closed             bool
}

// Post is a position in an agency (vị trí việc làm) with the roles it carries.
type Post struct {
	ID, AgencyID, DepartmentID string
	Title                      string   // "Công chức tiếp nhận hồ sơ"
	Roles                      []string // codes of roles, sorted
	Closed                     bool
	Rev                        int64
}

// Holding says who holds a post, from and to which day.
type Holding struct {
	ID, PostID, AccountID string
	From, To              civil.Date // To is the last day; none while open
	DelegatedFrom         string     // account id of whoever delegated the post (ủy quyền); "" for the holder proper
	Basis                 string     // paper it rests on: "Quyết định số 12/QĐ-UBND"
}

// HeldPost is a post as somebody holds it at a moment, ready for a decision.
type HeldPost struct {
	HoldingID, PostID, Title     string
	AgencyID, AgencyPath         string
	AgencyName                   string // short name
	DepartmentID, DepartmentName string
	Roles                        []string
	DelegatedFrom                string     // account id of the delegating holder
	Until                        civil.Date // last day, none while open
}
