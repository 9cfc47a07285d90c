package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"motcua/internal/core/dossier"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// person is somebody in the demo province.
type person struct {
	AccountID string // "" for those who only ever come to a counter
	Name      string
	Gender    string // male | female
	Birth     civil.Date
	CitizenNo string
	Phone     string
	Email     string
	Address   string
	Home      string // key of the agency of the commune they live in
}

func (p person) age(on civil.Date) int { return p.Birth.AgeOn(on) }

// party is the person as a party of a dossier.
func (p person) party() dossier.Person {
	return dossier.Person{
		AccountID: p.AccountID, Kind: dossier.Citizen, Name: p.Name, CitizenNo: p.CitizenNo, Phone: p.Phone, Email: p.Email,
		Address: p.Address, Birth: p.Birth.Partial(), Gender: p.Gender,
	}
}

const (
	male   = "male"
	female = "female"
)

// Parts of names, the frequent ones repeated as life does.
var (
	families = words("Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Trần Lê Lê Phạm Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Tô Hà Lâm Trịnh")
	middles  = map[string][]string{
		male:   words("Văn Văn Đức Minh Quang Hữu Công Đình Xuân Thanh Gia Bảo Tuấn Anh Hoàng Ngọc"),
		female: words("Thị Thị Thị Ngọc Thu Thanh Minh Phương Kim Bích Hồng Diệu Khánh Mỹ Thùy Bảo"),
	}
	givens = map[string][]string{
		male:   words("An Bình Cường Dũng Đạt Hải Hiếu Hùng Huy Khang Khoa Kiên Lâm Long Minh Nam Nghĩa Phong Phúc Quân Sơn Tài Thành Thắng Tuấn Việt Vinh Đông"),
		female: words("Anh Bích Chi Dung Duyên Giang Hà Hạnh Hiền Hoa Hương Hường Lan Linh Ly Mai Nga Ngân Nhung Oanh Phương Quỳnh Tâm Thảo Thủy Trang Uyên Vân Yến Đào"),
	}
	streets  = []string{"Lê Lợi", "Trần Phú", "Nguyễn Du", "Hai Bà Trưng", "Lý Thường Kiệt", "Quang Trung", "Phan Đình Phùng", "Hùng Vương", "Điện Biên Phủ", "Võ Thị Sáu"}
	hamlets  = []string{"Thôn Trung", "Thôn Đông", "Thôn Đoài", "Thôn Thượng", "Thôn Hạ"}
	communes = map[string]string{"ward": "phường Bình Minh, tỉnh An Bình", "commune": "xã An Phú, tỉnh An Bình"}
)

func words(s string) []string { return strings.Fields(s) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// chance is true in share of 1 cases.
func chance(r *rand.Rand, share float64) bool { return r.Float64() < share }

// between draws from [low, high).
func between(r *rand.Rand, low, high float64) float64 { return low + r.Float64()*(high-low) }

func anyGender(r *rand.Rand) string { return pick(r, []string{male, female}) }

// name draws a full name: family, middle, given; family "" draws that too.
func name(r *rand.Rand, family, gender string) string {
	if family == "" {
		family = pick(r, families)
	}
	for {
		middle, given := pick(r, middles[gender]), pick(r, givens[gender])
		if middle != given {
			return family + " " + middle + " " + given
		}
	}
}

func familyOf(fullName string) string { return strings.Fields(fullName)[0] }

func givenOf(fullName string) string {
	parts := strings.Fields(fullName)
	return parts[len(parts)-1]
}

// placeOfBirth begins every citizen number here. No province and no country has
// the code, so no number of the demo can be that of a living person.
const placeOfBirth = "099"

// Serial numbers of citizen numbers: those with an account, and everybody else.
const (
	serialAccounts = 900_000
	serialStrays   = 100_000
	perLife        = 16 // strays that one dossier may bring along
)

// citizenNo makes the number of a person; serial tells people of one year and sex apart.
func citizenNo(birth civil.Date, gender string, serial int) string {
	return fmt.Sprintf("%s%d%02d%06d", placeOfBirth, centurySex(birth.Year(), gender), birth.Year()%100, serial%1_000_000)
}

// centurySex is the fourth digit of a citizen number (NĐ 137/2015): two per
// century from the 20th on, even for men, odd for women.
func centurySex(year int, gender string) int {
	d := (year/100 - 19) * 2
	if gender == female {
		d++
	}
	return d
}

// phone makes a number that no network has given to anybody: 050 is not in use.
func phone(n int) string { return fmt.Sprintf("050%07d", n%10_000_000) }

// bornAt draws a birthday of somebody who is low to high years old on a day.
func bornAt(r *rand.Rand, on civil.Date, low, high int) civil.Date {
	return on.AddYears(-low - r.IntN(high-low+1)).AddDays(-1 - r.IntN(364))
}

func address(r *rand.Rand, home string) string {
	if home == "commune" && chance(r, 0.7) {
		return fmt.Sprintf("Số %d, %s, %s", 1+r.IntN(90), pick(r, hamlets), communes[home])
	}
	return fmt.Sprintf("Số %d đường %s, %s", 1+r.IntN(240), pick(r, streets), communes[home])
}

// people draws n citizens with accounts. Their numbers differ, and agree with sex
// and year of birth. Two in three live in the ward.
func people(r *rand.Rand, n int, today civil.Date) []person {
	all := make([]person, n)
	for i := range all {
		home := "ward"
		if i%3 == 2 {
			home = "commune"
		}
		gender := anyGender(r)
		p := person{Name: name(r, "", gender), Gender: gender, Birth: bornAt(r, today, 20, 68), Phone: phone(1_000_000 + i*37), Home: home}
		p.CitizenNo = citizenNo(p.Birth, gender, serialAccounts+i)
		p.Address = address(r, home)
		p.Email = fmt.Sprintf("%s.%d@congdan.example", strings.ReplaceAll(fold.Key(givenOf(p.Name)), " ", ""), i+1)
		all[i] = p
	}
	return all
}

// strays makes people without an account: those at the counter, spouses, children,
// the dead. Each life has its own serials, so that what one draws changes no other.
type strays struct {
	r      *rand.Rand
	serial int
}

func newStrays(r *rand.Rand, life int) *strays {
	return &strays{r: r, serial: serialStrays + life*perLife}
}

// next draws a person of a family ("" any), sex and birthday.
func (s *strays) next(family, gender string, birth civil.Date, home string) person {
	s.serial++
	return person{
		Name: name(s.r, family, gender), Gender: gender, Birth: birth, CitizenNo: citizenNo(birth, gender, s.serial),
		Phone: phone(5_000_000 + s.serial), Address: address(s.r, home), Home: home,
	}
}
