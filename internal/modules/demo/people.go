package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"motcua/internal/platform/fold"
)

// person is a citizen of the demo province.
type person struct {
	Name      string
	Gender    string // male | female
	Birth     time.Time
	CitizenNo string
	Phone     string
	Email     string
	Address   string
}

// Parts of names, the frequent ones repeated as life does.
var (
	families = words("Nguyễn Nguyễn Nguyễn Nguyễn Nguyễn Trần Trần Trần Lê Lê Phạm Phạm Hoàng Huỳnh Phan Vũ Võ Đặng Bùi Đỗ Hồ Ngô Dương Lý Đinh Mai Tô Hà Lâm Trịnh")
	middles  = map[string][]string{
		"male":   words("Văn Văn Đức Minh Quang Hữu Công Đình Xuân Thanh Gia Bảo Tuấn Anh Hoàng Ngọc"),
		"female": words("Thị Thị Thị Ngọc Thu Thanh Minh Phương Kim Bích Hồng Diệu Khánh Mỹ Thùy Bảo"),
	}
	givens = map[string][]string{
		"male":   words("An Bình Cường Dũng Đạt Hải Hiếu Hùng Huy Khang Khoa Kiên Lâm Long Minh Nam Nghĩa Phong Phúc Quân Sơn Tài Thành Thắng Tuấn Việt Vinh Đông"),
		"female": words("Anh Bích Chi Dung Duyên Giang Hà Hạnh Hiền Hoa Hương Hường Lan Linh Ly Mai Nga Ngân Nhung Oanh Phương Quỳnh Tâm Thảo Thủy Trang Uyên Vân Yến Đào"),
	}
	streets = []string{"Lê Lợi", "Trần Phú", "Nguyễn Du", "Hai Bà Trưng", "Lý Thường Kiệt", "Quang Trung", "Phan Đình Phùng", "Hùng Vương", "Điện Biên Phủ", "Võ Thị Sáu"}
)

func words(s string) []string { return strings.Fields(s) }

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

// name draws a full name: family, middle, given.
func name(r *rand.Rand, gender string) string {
	return pick(r, families) + " " + pick(r, middles[gender]) + " " + pick(r, givens[gender])
}

// placeOfBirth begins every citizen number here. No province and no country has
// the code, so no number of the demo can be that of a living person.
const placeOfBirth = "099"

// people draws n citizens. Their numbers differ, and agree with sex and year.
func people(r *rand.Rand, n int, today time.Time) []person {
	all := make([]person, n)
	for i := range all {
		gender := "female"
		if r.IntN(2) == 0 {
			gender = "male"
		}
		birth := today.AddDate(-19-r.IntN(52), -r.IntN(12), -r.IntN(28))
		all[i] = person{
			Name:      name(r, gender),
			Gender:    gender,
			Birth:     birth,
			CitizenNo: fmt.Sprintf("%s%d%02d%06d", placeOfBirth, centurySex(birth.Year(), gender), birth.Year()%100, 900000+i),
			Phone:     fmt.Sprintf("09%08d", 70000000+i*37),
			Address:   fmt.Sprintf("Số %d đường %s", 1+r.IntN(240), pick(r, streets)),
		}
		all[i].Email = fmt.Sprintf("%s.%d@congdan.example", strings.ReplaceAll(fold.Key(givenOf(all[i].Name)), " ", ""), i+1)
	}
	return all
}

func givenOf(fullName string) string {
	parts := strings.Fields(fullName)
	return parts[len(parts)-1]
}

// centurySex is the fourth digit of a citizen number (NĐ 137/2015): two per
// century from the 20th on, even for men, odd for women.
func centurySex(year int, gender string) int {
	d := (year/100 - 19) * 2
	if gender == "female" {
		d++
	}
	return d
}
