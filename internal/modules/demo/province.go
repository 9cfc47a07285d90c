package demo

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
	Department string // name, "" for none
}

const (
	roleClerk   = "counter_clerk"
	roleOfficer = "officer"
	roleHead    = "head"
	roleLeader  = "leader"
	roleRecords = "records_clerk"
	roleAdmin   = "admin"
	roleAuditor = "auditor"
)

var province = []agencySpec{
	{
		Key: "province", Code: "H64", Name: "Ủy ban nhân dân tỉnh An Bình", Short: "UBND tỉnh An Bình", Kind: "province", Level: "province",
		Address: "Số 1 đường Hùng Vương, phường Bình Minh, tỉnh An Bình", Phone: "02643800100",
		Departments: []string{"Văn phòng"},
		Staff: []staffSpec{
			{"quantri", "Quản trị hệ thống", roleAdmin, "Văn phòng"},
			{"lanhdao.tinh", "Phó Chủ tịch Ủy ban nhân dân tỉnh", roleLeader, ""},
			{"kiemtoan", "Kiểm soát thủ tục hành chính", roleAuditor, "Văn phòng"},
		},
	},
	{
		Key: "health", Parent: "province", Code: "H64.08", Name: "Sở Y tế tỉnh An Bình", Short: "Sở Y tế An Bình", Kind: "department", Level: "province",
		Address: "Số 24 đường Trần Phú, phường Bình Minh, tỉnh An Bình", Phone: "02643800200", Counter: true,
		Departments: []string{"Phòng Nghiệp vụ Y", "Phòng Nghiệp vụ Dược", "Văn phòng Sở"},
		Staff: []staffSpec{
			{"motcua.soyte", "Công chức tiếp nhận hồ sơ", roleClerk, "Văn phòng Sở"},
			{"chuyenvien.soyte", "Chuyên viên Phòng Nghiệp vụ Y", roleOfficer, "Phòng Nghiệp vụ Y"},
			{"chuyenvien2.soyte", "Chuyên viên Phòng Nghiệp vụ Dược", roleOfficer, "Phòng Nghiệp vụ Dược"},
			{"truongphong.soyte", "Trưởng phòng Nghiệp vụ Y", roleHead, "Phòng Nghiệp vụ Y"},
			{"lanhdao.soyte", "Phó Giám đốc Sở", roleLeader, ""},
			{"vanthu.soyte", "Văn thư", roleRecords, "Văn phòng Sở"},
		},
	},
	{
		Key: "ward", Parent: "province", Code: "H64.31", Name: "Ủy ban nhân dân phường Bình Minh", Short: "UBND phường Bình Minh", Kind: "commune", Level: "commune",
		Address: "Số 15 đường Lê Lợi, phường Bình Minh, tỉnh An Bình", Phone: "02643800310", Counter: true,
		Departments: []string{"Phòng Văn hóa - Xã hội", "Phòng Kinh tế, Hạ tầng và Đô thị", "Trung tâm Phục vụ hành chính công"},
		Staff: []staffSpec{
			{"motcua", "Công chức Trung tâm Phục vụ hành chính công", roleClerk, "Trung tâm Phục vụ hành chính công"},
			{"chuyenvien", "Công chức Tư pháp - Hộ tịch", roleOfficer, "Phòng Văn hóa - Xã hội"},
			{"chuyenvien2", "Công chức Địa chính - Xây dựng", roleOfficer, "Phòng Kinh tế, Hạ tầng và Đô thị"},
			{"truongphong", "Trưởng phòng Văn hóa - Xã hội", roleHead, "Phòng Văn hóa - Xã hội"},
			{"lanhdao", "Chủ tịch Ủy ban nhân dân phường", roleLeader, ""},
			{"vanthu", "Văn thư", roleRecords, "Trung tâm Phục vụ hành chính công"},
			{"quantri.phuong", "Quản trị hệ thống phường", roleAdmin, ""},
		},
	},
	{
		Key: "commune", Parent: "province", Code: "H64.32", Name: "Ủy ban nhân dân xã An Phú", Short: "UBND xã An Phú", Kind: "commune", Level: "commune",
		Address: "Thôn Trung, xã An Phú, tỉnh An Bình", Phone: "02643800320", Counter: true,
		Departments: []string{"Phòng Văn hóa - Xã hội", "Trung tâm Phục vụ hành chính công"},
		Staff: []staffSpec{
			{"motcua.anphu", "Công chức Trung tâm Phục vụ hành chính công", roleClerk, "Trung tâm Phục vụ hành chính công"},
			{"chuyenvien.anphu", "Công chức Tư pháp - Hộ tịch", roleOfficer, "Phòng Văn hóa - Xã hội"},
			{"truongphong.anphu", "Trưởng phòng Văn hóa - Xã hội", roleHead, "Phòng Văn hóa - Xã hội"},
			{"lanhdao.anphu", "Chủ tịch Ủy ban nhân dân xã", roleLeader, ""},
			{"vanthu.anphu", "Văn thư", roleRecords, "Trung tâm Phục vụ hành chính công"},
		},
	},
}
