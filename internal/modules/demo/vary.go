package demo

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"motcua/internal/core/form"
	"motcua/internal/platform/civil"
)

// filing is what somebody asks for: who, for whom, and with which answers.
type filing struct {
	owner     person
	submitter person
	proxy     string
	business  string       // name of the owner when it is a business of the submitter
	lawful    form.Answers // the answers as the form takes them
	clean     form.Answers // as they are filed: with what the form computes
	unvaried  bool         // the generator's answers did not fit the form: those of the acceptance case stand there
}

// writer fills in one form.
type writer struct {
	r        *rand.Rand
	s        *strays
	owner    person
	business string     // name of the business that asks, "" for a person
	day      civil.Date // of the filing
	a        map[string]any
}

// writers vary the answers of the acceptance case of a form. Whoever fills in a form
// that is not here gives the answers of the case, with other people in them.
func writers() map[string]func(*writer) {
	return map[string]func(*writer){
		"birth": (*writer).birth, "certified-copy": (*writer).certifiedCopy, "death": (*writer).death, "marital-status": (*writer).maritalStatus,
		"marriage": (*writer).marriage, "practice-licence": (*writer).practiceLicence, "pharmacy": (*writer).pharmacy,
		"household-business": (*writer).householdBusiness, "construction-permit": (*writer).constructionPermit, "social-allowance": (*writer).socialAllowance,
	}
}

// fit says whom a form suits, by its id: nobody registers a birth at seventy.
func fit(formID string, p person, day civil.Date) bool {
	age := p.age(day)
	switch formID {
	case "birth":
		return age >= 20 && age <= 44
	case "marriage":
		return p.Gender == male && age >= 21 && age <= 45
	case "marital-status":
		return age >= 21 && age <= 55
	case "practice-licence":
		return age >= 24 && age <= 50
	case "pharmacy", "household-business", "construction-permit":
		return age >= 23 && age <= 62
	case "death":
		return age <= 62
	}
	return true
}

func (w *writer) set(kv ...any) {
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i+1] == nil {
			delete(w.a, kv[i].(string))
		} else {
			w.a[kv[i].(string)] = kv[i+1]
		}
	}
}

// place is an address as a form keeps one that is not in the national list.
func place(text string) map[string]any { return map[string]any{"text": text} }

// daysAgo is a day low to high days before the filing.
func (w *writer) daysAgo(low, high int) civil.Date { return w.day.AddDays(-low - w.r.IntN(high-low+1)) }

func (w *writer) hospital() string {
	return pick(w.r, []string{"Bệnh viện Phụ sản tỉnh An Bình", "Bệnh viện Đa khoa tỉnh An Bình", "Trung tâm Y tế Bình Minh", "Trạm Y tế xã An Phú"})
}

// ethnic is the code of an ethnic group; most are Kinh.
func (w *writer) ethnic() string {
	return pick(w.r, []string{"01", "01", "01", "01", "01", "01", "02", "03"})
}

func (w *writer) birth() {
	age := w.daysAgo(3, 45)
	if chance(w.r, 0.12) {
		age = w.daysAgo(70, 900) // late
	}
	gender := anyGender(w.r)
	mother, father := w.owner, w.owner
	relation := "father"
	if w.owner.Gender == female {
		relation = "mother"
		father = w.s.next("", male, w.owner.Birth.AddYears(-w.r.IntN(5)).AddDays(-w.r.IntN(300)), w.owner.Home)
	} else {
		mother = w.s.next("", female, bornAt(w.r, age, 20, 40), w.owner.Home)
	}
	child := w.s.next(familyOf(father.Name), gender, age, w.owner.Home)
	home := place(pick(w.r, hamlets) + ", " + communes["commune"])
	w.set("relation", relation, "child_name", child.Name, "child_gender", gender, "child_birth", age.String(),
		"born_at", "facility", "facility", w.hospital(), "birth_place", place("Phường Bình Minh, tỉnh An Bình"), "home_place", home, "child_ethnic", w.ethnic(),
		"mother_name", mother.Name, "mother_no", mother.CitizenNo, "mother_birth", mother.Birth.String(),
		"father_name", father.Name, "father_no", father.CitizenNo, "father_birth", father.Birth.String(), "married", true, "father_declared", true)
	switch {
	case chance(w.r, 0.05):
		w.set("born_at", "elsewhere", "facility", nil)
	case relation == "mother" && chance(w.r, 0.05):
		w.set("married", false, "father_declared", false, "father_name", nil, "father_no", nil, "father_birth", nil)
	}
	if chance(w.r, 0.3) {
		w.set("copies", 1+w.r.IntN(4))
	}
	if chance(w.r, 0.06) {
		w.set("exempt", pick(w.r, []string{"merit", "poor", "disabled"}))
	}
}

func (w *writer) certifiedCopy() {
	kinds := []string{
		"Bằng tốt nghiệp đại học", "Bằng tốt nghiệp trung học phổ thông", "Giấy khai sinh", "Căn cước", "Giấy chứng nhận kết hôn", "Hợp đồng lao động",
		"Học bạ", "Giấy chứng nhận quyền sử dụng đất", "Chứng chỉ ngoại ngữ", "Giấy phép lái xe", "Sổ bảo hiểm xã hội",
	}
	var rows []any
	for range 1 + w.r.IntN(3) {
		rows = append(rows, map[string]any{"name": pick(w.r, kinds), "pages": 1 + w.r.IntN(4), "copies": 1 + w.r.IntN(4)})
	}
	if chance(w.r, 0.1) {
		rows = append(rows, map[string]any{"name": "Hồ sơ dự án", "pages": 12 + w.r.IntN(60), "copies": 1 + w.r.IntN(2)})
	}
	w.set("papers", rows, "foreign", false, "damaged", false)
}

func (w *writer) death() {
	died := w.daysAgo(1, 12)
	if chance(w.r, 0.15) {
		died = w.daysAgo(20, 400)
	}
	gender := anyGender(w.r)
	relation := pick(w.r, []string{"child", "child", "child", "spouse", "relative"})
	family := ""
	years := 60 + w.r.IntN(32)
	switch relation {
	case "child":
		years = max(years, w.owner.age(died)+20)
		if gender == male {
			family = familyOf(w.owner.Name)
		}
	case "spouse":
		years = w.owner.age(died) + w.r.IntN(6)
		gender = female
		if w.owner.Gender == female {
			gender = male
		}
	}
	dead := w.s.next(family, gender, bornAt(w.r, died, years, years+1), w.owner.Home)
	at := place(dead.Address)
	where := at
	if chance(w.r, 0.4) {
		where = place("Bệnh viện Đa khoa tỉnh An Bình, phường Bình Minh, tỉnh An Bình")
	}
	causes := []string{"Tuổi cao, sức yếu", "Tuổi già", "Bệnh tim mạch", "Tai biến mạch máu não", "Ung thư", "Bệnh phổi", "Suy thận"}
	w.set("relation", relation, "dead_name", dead.Name, "dead_no", dead.CitizenNo, "dead_gender", gender, "dead_birth", dead.Birth.String(),
		"dead_ethnic", w.ethnic(), "dead_address", at, "died_on", died.String(), "died_time", fmt.Sprintf("%02d:%02d", w.r.IntN(24), w.r.IntN(60)), "died_at", where,
		"cause", pick(w.r, causes), "notice", "notice", "notice_no", fmt.Sprintf("%d/%d", 1+w.r.IntN(300), died.Year()))
	if dead.age(died) > 75 && chance(w.r, 0.2) {
		w.set("dead_no", nil, "dead_birth", fmt.Sprint(dead.Birth.Year()))
	}
	if chance(w.r, 0.6) {
		w.set("copies", 1+w.r.IntN(5))
	}
	if chance(w.r, 0.08) {
		w.set("exempt", true)
	}
}

func (w *writer) maritalStatus() {
	partner := w.s.next("", otherGender(w.owner.Gender), w.owner.Birth.AddYears(w.r.IntN(7)-3), w.owner.Home)
	status := "single"
	if w.owner.age(w.day) > 32 && chance(w.r, 0.5) {
		status = pick(w.r, []string{"divorced", "divorced", "widowed", "married"})
	}
	w.set("residence", place(w.owner.Address), "proxy", false, "status_now", status, "lived_elsewhere", false, "reissue", chance(w.r, 0.06), "sheets", 1,
		"person_ethnic", w.ethnic(), "purpose", "marry", "partner", fmt.Sprintf("%s, sinh năm %d, quốc tịch Việt Nam", partner.Name, partner.Birth.Year()))
	switch status {
	case "divorced":
		w.set("ended_paper", fmt.Sprintf("Quyết định số %d/%d/QĐST-HNGĐ của Tòa án nhân dân khu vực 1 – An Bình", 10+w.r.IntN(300), w.day.Year()-1-w.r.IntN(6)))
	case "widowed":
		w.set("ended_paper", fmt.Sprintf("Trích lục khai tử số %d/%d do UBND phường Bình Minh cấp", 1+w.r.IntN(200), w.day.Year()-1-w.r.IntN(8)))
	case "married":
		spouse := w.s.next("", otherGender(w.owner.Gender), w.owner.Birth.AddDays(w.r.IntN(1500)), w.owner.Home)
		w.set("spouse_name", spouse.Name)
	}
	if status == "married" || chance(w.r, 0.45) {
		w.set("purpose", "property", "partner", nil, "sheets", 1+w.r.IntN(3))
		if chance(w.r, 0.2) {
			w.set("purpose", "other", "purpose_text", pick(w.r, []string{"Bổ túc hồ sơ vay vốn ngân hàng", "Làm thủ tục xuất cảnh lao động", "Bổ túc hồ sơ thừa kế"}))
		}
	}
	if w.owner.age(w.day) >= 24 && chance(w.r, 0.25) {
		from := w.owner.Birth.Year() + 20
		w.set("lived_elsewhere", true, "places", []any{map[string]any{
			"place": place("Phường Hồng Hà, tỉnh khác"), "from": fmt.Sprint(from), "to": fmt.Sprint(min(from+1+w.r.IntN(4), w.day.Year()-1)),
		}})
	}
}

func otherGender(g string) string {
	if g == female {
		return male
	}
	return female
}

func (w *writer) marriage() {
	wife := w.s.next("", female, bornAt(w.r, w.day, 20, 38), pick(w.r, []string{"ward", "commune"}))
	w.set("husband_name", w.owner.Name, "husband_no", w.owner.CitizenNo, "husband_birth", w.owner.Birth.String(), "husband_ethnic", w.ethnic(),
		"husband_address", place(w.owner.Address), "wife_name", wife.Name, "wife_no", wife.CitizenNo, "wife_birth", wife.Birth.String(), "wife_ethnic", w.ethnic(),
		"wife_address", place(wife.Address), "husband_times", 1, "wife_times", 1, "abroad", false, "related", false, "contact_phone", w.owner.Phone)
	if w.owner.age(w.day) > 34 && chance(w.r, 0.3) {
		w.set("husband_times", 2, "husband_ended", "divorce", "husband_ended_paper", fmt.Sprintf("Quyết định số %d/%d/QĐST-HNGĐ", 10+w.r.IntN(200), w.day.Year()-2))
	}
}

func (w *writer) practiceLicence() {
	type title struct {
		code, degree, scope, mark string
		months                    int
	}
	t := pick(w.r, []title{
		{"doctor", "Bác sỹ đa khoa", "Chuyên khoa Nội", "BS", 12}, {"doctor", "Bác sỹ đa khoa", "Chuyên khoa Nhi", "BS", 12},
		{"doctor", "Bác sỹ răng hàm mặt", "Chuyên khoa Răng hàm mặt", "BS", 12}, {"doctor", "Bác sỹ y học cổ truyền", "Y học cổ truyền", "BS", 12},
		{"nurse", "Cử nhân điều dưỡng", "Điều dưỡng", "DD", 6}, {"nurse", "Cao đẳng điều dưỡng", "Điều dưỡng", "DD", 6},
		{"midwife", "Cao đẳng hộ sinh", "Hộ sinh", "HS", 6}, {"technician", "Cử nhân kỹ thuật xét nghiệm y học", "Xét nghiệm y học", "KT", 6},
		{"assistant_doctor", "Y sỹ đa khoa", "Y sỹ đa khoa", "YS", 9},
	})
	if w.owner.Gender == male && t.code == "midwife" {
		t = title{"nurse", "Cử nhân điều dưỡng", "Điều dưỡng", "DD", 6}
	}
	done := w.daysAgo(20, 300)
	year := max(w.owner.Birth.Year()+22, w.day.Year()-12) + w.r.IntN(2)
	w.set("address", place(w.owner.Address), "profession", t.code, "scope_wanted", t.scope, "degree", t.degree,
		"degree_no", fmt.Sprintf("%s%06d", t.mark, w.r.IntN(1_000_000)), "degree_year", min(year, w.day.Year()-1), "foreign_degree", chance(w.r, 0.03), "months", t.months+w.r.IntN(7),
		"practised_at", pick(w.r, []string{"Bệnh viện Đa khoa tỉnh An Bình", "Bệnh viện Y học cổ truyền tỉnh An Bình", "Trung tâm Y tế Bình Minh"}), "practice_to", done.String(),
		"employer", pick(w.r, []string{"Bệnh viện Đa khoa tỉnh An Bình", "Phòng khám Đa khoa Bình Minh", "Trung tâm Y tế Bình Minh"}), "post", chance(w.r, 0.3))
}

func (w *writer) pharmacy() {
	chief := w.s.next("", pick(w.r, []string{female, female, male}), bornAt(w.r, w.day, 26, 55), w.owner.Home)
	kind := pick(w.r, []string{"pharmacy", "pharmacy", "pharmacy", "drugstore", "herbal", "wholesale"})
	standard, hard, degree, area := "gpp", false, "university", 12+w.r.IntN(50)
	switch kind {
	case "wholesale":
		standard, area = "gdp", 120+w.r.IntN(600)
	case "drugstore":
		hard, degree = true, pick(w.r, []string{"college", "secondary"})
	case "herbal":
		degree = "traditional"
	}
	w.set("business_name", w.business, "tax_no", w.owner.CitizenNo, "phone", w.owner.Phone, "place", place(w.owner.Address),
		"business_kind", kind, "hard_area", hard, "revoked", false, "chief_name", chief.Name, "chief_no", chief.CitizenNo,
		"chief_licence", fmt.Sprintf("%04d/CCHND-SYT", 100+w.r.IntN(4000)), "chief_degree", degree, "area", area, "standard", standard, "controlled", chance(w.r, 0.1))
	if chance(w.r, 0.5) {
		worker := w.s.next("", female, bornAt(w.r, w.day, 22, 45), w.owner.Home)
		w.set("workers", []any{map[string]any{"name": worker.Name, "degree": "Cao đẳng dược"}})
	}
}

// shopName names a business after its owner.
func shopName(owner person) string { return "Hộ kinh doanh Nhà thuốc " + callName(owner.Name) }

// callName is what stands on a signboard: middle and given name.
func callName(fullName string) string {
	parts := strings.Fields(fullName)
	return strings.Join(parts[1:], " ")
}

func (w *writer) householdBusiness() {
	type trade struct {
		what, line, code string
		food             bool
	}
	t := pick(w.r, []trade{
		{"Quán ăn", "Nhà hàng, quán ăn", "5610", true}, {"Cà phê", "Dịch vụ phục vụ đồ uống", "5630", true}, {"Tạp hóa", "Bán lẻ tổng hợp", "4719", false},
		{"Thời trang", "Bán lẻ hàng may mặc", "4771", false}, {"Salon tóc", "Cắt tóc, làm đầu, gội đầu", "9631", false},
		{"Sửa xe", "Sửa chữa mô tô, xe máy", "4542", false}, {"Vật liệu xây dựng", "Bán lẻ vật liệu xây dựng", "4752", false},
		{"Nhà trọ", "Dịch vụ lưu trú ngắn ngày", "5510", false},
	})
	w.set("founder", "person", "other_business", false, "business_name", "Hộ kinh doanh "+t.what+" "+callName(w.owner.Name), "place", place(w.owner.Address),
		"lines", []any{map[string]any{"name": t.line, "code": t.code, "main": true}}, "food", t.food, "capital", (20+w.r.IntN(480))*1_000_000, "workers", w.r.IntN(8),
		"tax_method", pick(w.r, []string{"declaration", "declaration", "each_time"}))
	if chance(w.r, 0.15) {
		member := w.s.next("", otherGender(w.owner.Gender), w.owner.Birth.AddDays(w.r.IntN(1500)), w.owner.Home)
		w.set("founder", "family", "members", []any{map[string]any{"name": member.Name, "number": member.CitizenNo}})
	}
	if chance(w.r, 0.5) {
		w.set("start_on", w.day.AddDays(10+w.r.IntN(60)).String())
	}
}

func (w *writer) constructionPermit() {
	land := float64(60 + w.r.IntN(240))
	footprint := math.Round(land * between(w.r, 0.5, 0.85))
	floors := 1 + w.r.IntN(4)
	area := footprint * float64(floors)
	height := math.Round((3.6*float64(floors)+between(w.r, 0.4, 1.6))*10) / 10
	w.set("address", place(w.owner.Address), "site", place(address(w.r, w.owner.Home)), "parcel", fmt.Sprint(1+w.r.IntN(900)), "map_sheet", fmt.Sprint(1+w.r.IntN(60)),
		"land_area", land, "land_paper", "certificate", "land_paper_no", fmt.Sprintf("AB %06d", w.r.IntN(1_000_000)), "housing_land", true,
		"footprint", footprint, "floors", floors, "floor_area", area, "height", height, "basement", false, "attached", chance(w.r, 0.5), "months", 4+w.r.IntN(14),
		"designer_kind", "firm", "designer", fmt.Sprintf("Tổ chức thiết kế mẫu số %d, chứng chỉ AB-%05d", 1+w.r.IntN(9), w.r.IntN(100_000)))
	if chance(w.r, 0.15) {
		w.set("land_paper", "other")
	}
	if area < 250 && floors < 3 && height < 12 && chance(w.r, 0.6) {
		w.set("designer_kind", "self", "designer", nil)
	}
}

func (w *writer) socialAllowance() {
	age := w.owner.age(w.day)
	category := pick(w.r, []string{"disabled_severe", "disabled_severe", "disabled_extreme", "single_parent"})
	if age >= 60 && chance(w.r, 0.6) {
		category = "elderly"
	}
	if category == "single_parent" && (age < 20 || age > 50) {
		category = "disabled_severe"
	}
	w.set("residence", place(w.owner.Address), "person_ethnic", w.ethnic(), "guardian", false, "category", category, "pension", false, "poor", true, "disability_no", nil,
		"story", pick(w.r, []string{"Gia đình khó khăn, không có thu nhập ổn định.", "Sức khỏe yếu, phải có người chăm sóc thường xuyên.", "Sống một mình, không còn khả năng lao động."}))
	switch category {
	case "single_parent":
		w.set("children", 1+w.r.IntN(3))
	case "disabled_severe", "disabled_extreme":
		w.set("disability_no", fmt.Sprintf("%d/XN-KT", 1+w.r.IntN(400)), "poor", chance(w.r, 0.4))
	}
	if chance(w.r, 0.35) {
		w.set("pay_by", "post", "bank", nil, "account_no", nil)
	} else {
		w.set("pay_by", "account", "bank", pick(w.r, []string{"Ngân hàng A", "Ngân hàng B", "Ngân hàng C"}), "account_no", fmt.Sprintf("99%010d", w.r.IntN(1_000_000_000)))
	}
}

// write fills in the form of a story for a person, on the day of the filing.
func (s *story) write(f *filing, r *rand.Rand, st *strays, env form.Env) {
	w := &writer{r: r, s: st, owner: f.owner, business: f.business, day: civil.DateOf(env.Now), a: s.others(st)}
	if fill := writers()[s.form.ID()]; fill != nil {
		fill(w)
	}
	for _, a := range []map[string]any{w.a, s.others(st), s.answers} {
		typed, bad := s.form.FromMap(a)
		if len(bad) > 0 {
			f.unvaried = true
			continue
		}
		f.lawful = s.form.Prefill(typed, env)
		if len(s.form.Validate(f.lawful, env)) == 0 {
			return
		}
		f.unvaried = true
	}
}

// others are the answers of the acceptance case with other people in them: names and
// numbers of persons are drawn anew, what a form fills in by itself is left to it.
func (s *story) others(st *strays) map[string]any {
	a := maps.Clone(s.answers)
	who := map[string]person{}
	for _, step := range s.form.Definition().Steps {
		for _, fd := range step.Fields {
			if fd.Prefill != "" {
				delete(a, fd.ID)
			}
			prefix, part, cut := strings.Cut(fd.ID, "_")
			if _, answered := a[fd.ID]; !answered || !cut {
				continue
			}
			if _, known := who[prefix]; !known {
				who[prefix] = st.next("", anyGender(st.r), bornAt(st.r, founded, 24, 50), "ward")
			}
			switch {
			case fd.Kind == form.CitizenNumber:
				a[fd.ID] = who[prefix].CitizenNo
			case part == "name" && fd.Kind == form.Text && prefix != "business":
				a[fd.ID] = who[prefix].Name
			}
		}
	}
	return a
}

// finding fills in what the officer types for the register: as in the acceptance
// case, and what follows from the answers where the field is known.
func (s *story) finding(f *filing, r *rand.Rand, st *strays, now civil.Date) map[string]any {
	out := maps.Clone(s.result)
	text := func(id string) string { v, _ := f.clean[id].(string); return v }
	for _, id := range slices.Sorted(maps.Keys(out)) {
		switch id {
		case "personal_no":
			birth, err := civil.Parse(text("child_birth"))
			if err != nil {
				birth = now
			}
			gender := text("child_gender")
			if gender != male {
				gender = female
			}
			out[id] = st.next("", gender, birth, "ward").CitizenNo
		case "business_code":
			out[id] = f.owner.CitizenNo
		case "sheets":
			n := 0.0
			rows, _ := f.clean["papers"].([]form.Answers)
			for _, row := range rows {
				copies, _ := row["copies"].(float64)
				n += copies
			}
			out[id] = max(n, 1)
		case "floors_granted":
			out[id] = f.clean["floors"]
		case "red_line":
			out[id] = fmt.Sprintf("Lùi %d m so với chỉ giới đường đỏ", 1+r.IntN(4))
		case "scope":
			if wanted := text("scope_wanted"); wanted != "" {
				out[id] = "Khám bệnh, chữa bệnh: " + wanted
			}
		case "finding":
			out[id] = findings[text("status_now")]
		case "report_date", "paid_from":
			out[id] = now.String()
		case "coefficient_granted", "amount_granted": // as the form has computed it
			if v, ok := f.clean[strings.TrimSuffix(id, "_granted")]; ok {
				out[id] = v
			}
		}
	}
	return out
}

// findings are what is certified of a marital status.
var findings = map[string]string{
	"single": "Chưa đăng ký kết hôn với ai", "divorced": "Đã ly hôn, hiện tại chưa đăng ký kết hôn với ai",
	"widowed": "Đã đăng ký kết hôn nhưng vợ (chồng) đã chết, hiện tại chưa đăng ký kết hôn với ai", "married": "Hiện tại đang có vợ (chồng)",
}
