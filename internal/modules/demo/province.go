package demo

import "slices"

// The demo province. It does not exist; its agency ids use H64, which the
// national list gives to no province.

type agencySpec struct {
	Key, Parent string // keys of this file, never shown
	Code        string // agency id (mã định danh)
	Name, Short string
	Kind, Level string
	Address     string
	Phone       string
	Counter     bool // has a one-stop counter
	Departments []string
	Staff       []staffSpec
}

type staffSpec struct {
	Login      string
	Title      string
	Role       string
	Department string   // name, "" for none
	Fields     []string // fields of procedures they work on, by the beginning of the code; none = all
}

// Role codes, as package identity ships them.
const (
	roleClerk   = "counter_clerk"
	roleOfficer = "officer"
	roleHead    = "head"
	roleLeader  = "leader"
	roleRecords = "records_clerk"
	roleAdmin   = "admin"
	roleAuditor = "auditor"
	roleCitizen = "citizen"
)

// roleWords name the roles for those who choose whom to be.
var roleWords = map[string]string{
	roleCitizen: "Người dân", roleClerk: "Công chức một cửa", roleOfficer: "Chuyên viên", roleHead: "Trưởng phòng",
	roleLeader: "Lãnh đạo", roleRecords: "Văn thư", roleAdmin: "Quản trị", roleAuditor: "Kiểm tra, giám sát",
}

// Fields of procedures by the beginning of their code.
var (
	civilStatus = []string{"G15"}        // hộ tịch, chứng thực
	social      = []string{"G18-BT"}     // bảo trợ xã hội
	economy     = []string{"G12", "G17"} // hộ kinh doanh, xây dựng
	medicine    = []string{"G18-YT01"}   // khám bệnh, chữa bệnh
	pharmacy    = []string{"G18-YT02"}   // dược
)

var province = []agencySpec{
	{
		Key: "province", Code: "H64", Name: "Ủy ban nhân dân tỉnh An Bình", Short: "UBND tỉnh An Bình", Kind: "province", Level: "province",
		Address: "Số 1 đường Hùng Vương, phường Bình Minh, tỉnh An Bình", Phone: "02643800100",
		Departments: []string{"Văn phòng"},
		Staff: []staffSpec{
			{"quantri", "Quản trị hệ thống", roleAdmin, "Văn phòng", nil},
			{"lanhdao.tinh", "Phó Chủ tịch Ủy ban nhân dân tỉnh", roleLeader, "", nil},
			{"kiemtoan", "Kiểm soát thủ tục hành chính", roleAuditor, "Văn phòng", nil},
		},
	},
	{
		Key: "health", Parent: "province", Code: "H64.08", Name: "Sở Y tế tỉnh An Bình", Short: "Sở Y tế An Bình", Kind: "department", Level: "province",
		Address: "Số 24 đường Trần Phú, phường Bình Minh, tỉnh An Bình", Phone: "02643800200", Counter: true,
		Departments: []string{"Phòng Nghiệp vụ Y", "Phòng Nghiệp vụ Dược", "Văn phòng Sở"},
		Staff: []staffSpec{
			{"motcua.soyte", "Công chức tiếp nhận hồ sơ", roleClerk, "Văn phòng Sở", nil},
			{"chuyenvien.soyte", "Chuyên viên Phòng Nghiệp vụ Y", roleOfficer, "Phòng Nghiệp vụ Y", medicine},
			{"chuyenvien2.soyte", "Chuyên viên Phòng Nghiệp vụ Dược", roleOfficer, "Phòng Nghiệp vụ Dược", pharmacy},
			{"truongphong.soyte", "Trưởng phòng Nghiệp vụ Y", roleHead, "Phòng Nghiệp vụ Y", medicine},
			{"truongphong2.soyte", "Trưởng phòng Nghiệp vụ Dược", roleHead, "Phòng Nghiệp vụ Dược", pharmacy},
			{"lanhdao.soyte", "Phó Giám đốc Sở", roleLeader, "", nil},
			{"vanthu.soyte", "Văn thư", roleRecords, "Văn phòng Sở", nil},
		},
	},
	{
		Key: "ward", Parent: "province", Code: "H64.31", Name: "Ủy ban nhân dân phường Bình Minh", Short: "UBND phường Bình Minh", Kind: "commune", Level: "commune",
		Address: "Số 15 đường Lê Lợi, phường Bình Minh, tỉnh An Bình", Phone: "02643800310", Counter: true,
		Departments: []string{"Phòng Văn hóa - Xã hội", "Phòng Kinh tế, Hạ tầng và Đô thị", "Trung tâm Phục vụ hành chính công"},
		Staff: []staffSpec{
			{"motcua", "Công chức Trung tâm Phục vụ hành chính công", roleClerk, "Trung tâm Phục vụ hành chính công", nil},
			{"chuyenvien", "Công chức Tư pháp - Hộ tịch", roleOfficer, "Phòng Văn hóa - Xã hội", civilStatus},
			{"chuyenvien2", "Công chức Kinh tế, Xây dựng", roleOfficer, "Phòng Kinh tế, Hạ tầng và Đô thị", economy},
			{"chuyenvien3", "Công chức Văn hóa - Xã hội", roleOfficer, "Phòng Văn hóa - Xã hội", social},
			{"chuyenvien4", "Công chức Địa chính", roleOfficer, "Phòng Kinh tế, Hạ tầng và Đô thị", economy},
			{"truongphong", "Trưởng phòng Văn hóa - Xã hội", roleHead, "Phòng Văn hóa - Xã hội", slices.Concat(civilStatus, social)},
			{"truongphong2", "Trưởng phòng Kinh tế, Hạ tầng và Đô thị", roleHead, "Phòng Kinh tế, Hạ tầng và Đô thị", economy},
			{"lanhdao", "Chủ tịch Ủy ban nhân dân phường", roleLeader, "", nil},
			{"vanthu", "Văn thư", roleRecords, "Trung tâm Phục vụ hành chính công", nil},
			{"quantri.phuong", "Quản trị hệ thống phường", roleAdmin, "", nil},
		},
	},
	{
		Key: "commune", Parent: "province", Code: "H64.32", Name: "Ủy ban nhân dân xã An Phú", Short: "UBND xã An Phú", Kind: "commune", Level: "commune",
		Address: "Thôn Trung, xã An Phú, tỉnh An Bình", Phone: "02643800320", Counter: true,
		Departments: []string{"Phòng Văn hóa - Xã hội", "Phòng Kinh tế", "Trung tâm Phục vụ hành chính công"},
		Staff: []staffSpec{
			{"motcua.anphu", "Công chức Trung tâm Phục vụ hành chính công", roleClerk, "Trung tâm Phục vụ hành chính công", nil},
			{"chuyenvien.anphu", "Công chức Tư pháp - Hộ tịch", roleOfficer, "Phòng Văn hóa - Xã hội", slices.Concat(civilStatus, social)},
			{"chuyenvien2.anphu", "Công chức Địa chính - Xây dựng", roleOfficer, "Phòng Kinh tế", economy},
			{"truongphong.anphu", "Trưởng phòng Văn hóa - Xã hội", roleHead, "Phòng Văn hóa - Xã hội", nil},
			{"lanhdao.anphu", "Chủ tịch Ủy ban nhân dân xã", roleLeader, "", nil},
			{"vanthu.anphu", "Văn thư", roleRecords, "Trung tâm Phục vụ hành chính công", nil},
		},
	},
}
