// Command units writes internal/core/place/seed/units.txt, the administrative
// units of Viet Nam with time, from three tables of facts: the list before
// 1 July 2025, the list since, and the conversion table of the National Statistics
// Office. It says what it had to repair, and refuses what does not add up.
//
//	go run ./tools/units -before before.json -after after.json -conversion nso.csv -o internal/core/place/seed/units.txt
package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"motcua/internal/platform/fold"
)

func main() {
	before := flag.String("before", "", "list of provinces, districts and communes of June 2025 (JSON)")
	after := flag.String("after", "", "list of provinces and communes of August 2026 (JSON)")
	conversion := flag.String("conversion", "", "conversion table of the National Statistics Office (CSV)")
	out := flag.String("o", "", "file to write")
	flag.Parse()
	if err := run(*before, *after, *conversion, *out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// listed is a unit of either list.
type listed struct {
	Code, FullName, NameEn string
	District, Ward         []listed
	Wards                  []listed
	parent                 string
}

// link is one line of the conversion table.
type link struct{ old, new, share string }

func run(beforeFile, afterFile, conversionFile, out string) error {
	var before, after []listed
	if err := read(beforeFile, &before); err != nil {
		return err
	}
	if err := read(afterFile, &after); err != nil {
		return err
	}
	was, is := map[string]listed{}, map[string]listed{}
	for _, p := range before {
		was[p.Code] = p
		for _, d := range p.District {
			d.parent = p.Code
			was[d.Code] = d
			for _, w := range d.Ward {
				w.parent = d.Code
				was[w.Code] = w
			}
		}
	}
	for _, p := range after {
		is[p.Code] = p
		for _, w := range p.Wards {
			w.parent = p.Code
			is[w.Code] = w
		}
	}
	links, err := readLinks(conversionFile, was, is)
	if err != nil {
		return err
	}
	w := writer{was: was, is: is, links: links, from: map[string][]string{}}
	if err := w.all(before, after); err != nil {
		return err
	}
	return os.WriteFile(out, w.out.Bytes(), 0o644)
}

func read(file string, to any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return json.Unmarshal(norm.NFC.Bytes(bytes.TrimPrefix(data, []byte("\ufeff"))), to)
}

var (
	space  = regexp.MustCompile(`\s+`)
	inside = regexp.MustCompile(`\((\d+)\)`)
)

func clean(s string) string {
	return strings.TrimSpace(space.ReplaceAllString(norm.NFC.String(s), " "))
}

// Repairs of the conversion table. Three lines carry the code of a neighbour (their
// names give them away), one commune stands under the code that the final list gave up.
var (
	wrongOld = map[[2]string]string{
		{"00553", "Xã Đặng Xá"}: "00556", {"01615", "Xã Mỹ Hưng"}: "01651", {"02485", "Xã Phú Thịnh"}: "02482",
	}
	wrongNew = map[string]string{"06970": "06978"}
)

// readLinks reads the conversion table: province, new name, new code, old name, old
// code, remark, district, old province.
func readLinks(file string, was, is map[string]listed) ([]link, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	var links []link
	var faults []error
	seen := map[[2]string]bool{}
	for i, row := range rows {
		if len(row) < 8 {
			continue
		}
		for c := range row {
			row[c] = clean(row[c])
		}
		oldName, old, now, remark := row[3], row[4], row[2], row[5]
		if len(now) != 5 {
			continue // headings
		}
		if fixed := wrongNew[now]; fixed != "" {
			fmt.Printf("line %d: new code %s read as %s\n", i+1, now, fixed)
			now = fixed
		}
		if fixed := wrongOld[[2]string{old, oldName}]; fixed != "" {
			fmt.Printf("line %d: old code %s of %s read as %s\n", i+1, old, oldName, fixed)
			old = fixed
		}
		if old == "" {
			// A district without communes became a special zone; a strip of coast was in no commune.
			district := inside.FindStringSubmatch(row[6])
			if district == nil || !strings.HasPrefix(remark, "Sắp xếp toàn bộ huyện") {
				fmt.Printf("line %d: left out, no commune: %s → %s\n", i+1, oldName, row[1])
				continue
			}
			old = district[1]
		}
		switch {
		case was[old].Code == "":
			faults = append(faults, fmt.Errorf("line %d: unknown old code %s", i+1, old))
			continue
		case is[now].Code == "":
			faults = append(faults, fmt.Errorf("line %d: unknown new code %s", i+1, now))
			continue
		}
		if oldName != "" && strings.ReplaceAll(fold.Key(oldName), " ", "") != strings.ReplaceAll(fold.Key(was[old].FullName), " ", "") {
			fmt.Printf("line %d: %s is called %s here and %s in the list\n", i+1, old, oldName, was[old].FullName)
		}
		spell(is, now, row[1])
		if province := inside.FindStringSubmatch(row[0]); province != nil {
			spell(is, province[1], strings.TrimSuffix(row[0], " "+province[0]))
		}
		if seen[[2]string{old, now}] {
			fmt.Printf("line %d: %s → %s stands twice\n", i+1, old, now)
			continue
		}
		seen[[2]string{old, now}] = true
		share, err := shareOf(remark)
		if err != nil {
			faults = append(faults, fmt.Errorf("line %d: %w", i+1, err))
		}
		links = append(links, link{old, now, share})
	}
	return links, errors.Join(faults...)
}

// spell takes the official placement of tones (Khánh Hòa) for a name that differs in
// nothing else.
func spell(is map[string]listed, code, name string) {
	if u := is[code]; !strings.EqualFold(u.FullName, name) && fold.Sort(u.FullName) == fold.Sort(name) && strings.Count(name, "'")+strings.Count(name, "’") == 0 {
		u.FullName = name
		is[code] = u
	}
}

// shareOf reads the remark: "" whole, "^" a part of the land with all who live
// there, "~" a part.
func shareOf(remark string) (string, error) {
	switch r := strings.ReplaceAll(remark, "Nhâp", "Nhập"); {
	case r == "Giữ nguyên", r == "Đổi tên", r == "Đổi loại hình", r == "Nhập toàn bộ", strings.HasPrefix(r, "Sắp xếp toàn bộ"):
		return "", nil
	case strings.HasPrefix(r, "Nhập một phần") && strings.Contains(r, "toàn bộ dân số"):
		return "^", nil
	case r == "Nhập toàn bộ diện tích", // some who lived there were resettled elsewhere
		strings.HasPrefix(r, "Nhập một phần"), strings.HasPrefix(r, "Phần còn lại"), strings.Contains(r, "từ một phần"):
		return "~", nil
	}
	return "", fmt.Errorf("unknown remark %q", remark)
}

// kinds are the words before a name and the letters that stand for them in the seed.
var kinds = []struct{ word, letters string }{
	{"Thành phố", "tp"}, {"Thị trấn", "tt"}, {"Đặc khu", "dk"}, {"Thị xã", "tx"}, {"Phường", "p"}, {"Huyện", "h"}, {"Tỉnh", "t"}, {"Quận", "q"}, {"Xã", "x"},
}

func kindOf(full string) (letters, name string, ok bool) {
	for _, k := range kinds {
		if len(full) > len(k.word) && strings.EqualFold(full[:len(k.word)], k.word) && full[len(k.word)] == ' ' {
			return k.letters, clean(full[len(k.word):]), true
		}
	}
	return "", full, false
}

// dongNai are the communes that became wards with the city of Đồng Nai on 30 April
// 2026 (Nghị quyết 237/NQ-UBTVQH16).
var dongNai = []string{"25270", "25357", "25363", "26116", "26170", "26248", "26326", "26368", "26425", "26485"}

type writer struct {
	out     bytes.Buffer
	was, is map[string]listed
	links   []link
	from    map[string][]string // new code → old codes with their share
	faults  []error
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.out, format+"\n", args...) }

func (w *writer) unit(u listed, kind string, english bool, from []string) {
	letters, name, ok := kindOf(u.FullName)
	if !ok {
		w.faults = append(w.faults, fmt.Errorf("%s: no kind in %q", u.Code, u.FullName))
	}
	if kind != "" {
		letters = kind
	}
	text := u.Code + " " + letters + " " + name
	if english {
		text += " | " + u.NameEn
	}
	if len(from) > 0 {
		text += " < " + strings.Join(from, " ")
	}
	w.line("%s", text)
}

func (w *writer) all(before, after []listed) error {
	provinces := map[string]map[string]bool{} // new → old
	for _, l := range w.links {
		w.from[l.new] = append(w.from[l.new], l.old+l.share)
		old := l.old
		for w.was[old].parent != "" {
			old = w.was[old].parent
		}
		now := w.is[l.new].parent
		if provinces[now] == nil {
			provinces[now] = map[string]bool{}
		}
		provinces[now][old] = true
	}
	for _, from := range w.from {
		slices.Sort(from)
	}
	split := map[string]string{}
	unchanged := map[string]bool{}
	english := map[string]string{}
	for i, p := range after {
		p.FullName = w.is[p.Code].FullName
		for j := range p.Wards {
			p.Wards[j].FullName = w.is[p.Wards[j].Code].FullName
		}
		after[i] = p
		english[p.FullName] = p.NameEn
		for old := range provinces[p.Code] {
			if was := split[old]; was != "" {
				w.faults = append(w.faults, fmt.Errorf("province %s went to %s and %s", old, was, p.Code))
			}
			split[old] = p.Code
		}
		if len(provinces[p.Code]) == 1 && w.was[p.Code].FullName == p.FullName && provinces[p.Code][p.Code] {
			unchanged[p.Code] = true
		}
	}

	w.out.WriteString(header)
	w.line("\nera 0001-01-01 - - -")
	for _, p := range after {
		if unchanged[p.Code] && p.Code != "46" {
			w.unit(p, "", true, nil)
		}
	}
	w.line("\nera 0001-01-01 2024-12-31 - 175")
	w.line("46 t Thừa Thiên Huế | Thua Thien Hue")
	w.line("\nera 2025-01-01 - 175 -")
	w.line("46 tp Huế | Hue < 46")

	w.line("\nera 0001-01-01 2025-06-30 - 202,72,19")
	for _, p := range before {
		if en := english[p.FullName]; en != "" {
			p.NameEn = en
		}
		if unchanged[p.Code] {
			w.line("@%s", p.Code)
		} else {
			w.unit(p, "", true, nil)
		}
		for _, d := range p.District {
			w.unit(d, "", false, nil)
			for _, c := range d.Ward {
				w.unit(c, "", false, nil)
			}
		}
	}

	w.line("\nera 2025-07-01 - 202,72,19 -")
	for _, p := range after {
		switch from := slices.Sorted(maps.Keys(provinces[p.Code])); {
		case p.Code == "75":
			w.line("@75")
		case unchanged[p.Code]:
			w.line("@%s", p.Code)
		default:
			w.unit(p, "", true, from)
		}
		for _, c := range p.Wards {
			if !slices.Contains(dongNai, c.Code) {
				w.unit(c, "", false, w.from[c.Code])
			}
		}
	}
	w.line("\nera 2025-07-01 2026-04-29 202,72,19 30")
	w.unit(w.is["75"], "t", true, slices.Sorted(maps.Keys(provinces["75"])))
	for _, c := range dongNai {
		w.unit(w.is[c], "x", false, w.from[c])
	}
	w.line("\nera 2026-04-30 - 30 -")
	w.unit(w.is["75"], "", true, []string{"75"})
	for _, c := range dongNai {
		w.unit(w.is[c], "", false, []string{c})
	}

	// Nothing is lost and nothing comes from nowhere.
	gone := map[string]bool{}
	for _, l := range w.links {
		gone[l.old] = true
	}
	for _, c := range slices.Sorted(maps.Keys(w.was)) {
		if len(c) == 5 && !gone[c] {
			w.faults = append(w.faults, fmt.Errorf("%s %s has no successor", c, w.was[c].FullName))
		}
	}
	for _, c := range slices.Sorted(maps.Keys(w.is)) {
		if len(c) == 5 && len(w.from[c]) == 0 {
			w.faults = append(w.faults, fmt.Errorf("%s %s comes from nowhere", c, w.is[c].FullName))
		}
	}
	parts := map[string][]link{}
	for _, l := range w.links {
		parts[l.old] = append(parts[l.old], l)
	}
	splits := 0
	for _, old := range slices.Sorted(maps.Keys(parts)) {
		list := parts[old]
		if len(list) > 1 {
			splits++
			if slices.ContainsFunc(list, func(l link) bool { return l.share == "" }) {
				w.faults = append(w.faults, fmt.Errorf("%s went whole to one of several: %v", old, list))
			}
		} else if list[0].share != "" {
			fmt.Printf("%s %s: only a part is accounted for\n", old, w.was[old].FullName)
		}
	}
	if err := errors.Join(w.faults...); err != nil {
		return err
	}
	fmt.Printf("%d units before, %d since, %d links, %d old communes split\n", len(w.was), len(w.is), len(w.links), splits)
	return nil
}

const header = `# Administrative units of Viet Nam with time (đơn vị hành chính): names, codes, validity, succession.
#
# Facts, written in this form by tools/units on 27 November 2026:
# - codes and names before 1 July 2025: the list of the General Statistics Office as of 1 March 2025; since: Quyết định
#   19/2025/QĐ-TTg, as of August 2026. Both were read from github.com/thanglequoc/vietnamese-provinces-database (MIT
#   licence, (c) Thang Le Quoc);
# - succession: the conversion table of the National Statistics Office of July 2025 (bảng chuyển đổi đơn vị hành chính),
#   an official document, with four misprinted codes put right (00556, 01651, 02482, 06978);
# - Huế: Nghị quyết 175/2024/QH15; Đồng Nai: Nghị quyết 30/2026/QH16 and 237/NQ-UBTVQH16.
# The lists do not say since when a unit existed: 0001-01-01 means as long as they reach back.
#
# version   of this content; a house loads it again when it has seen another
# law       a key and the text it stands for; two for a province and the units below may differ: province,district,commune
# era       first day, last day or -, law that opened, law that closed
# @code     what follows lies in this unit
# code kind name [| English name] [< predecessors on the day before, each whole, ~ in part, ^ in part with all who live there]
#           A unit lies in the last longer-lived one above it: 2 digits province, 3 district, 5 commune.
version 2026-11-27
law 202 Nghị quyết 202/2025/QH15
law 72 Luật Tổ chức chính quyền địa phương số 72/2025/QH15
law 19 Nghị quyết của Ủy ban Thường vụ Quốc hội về sắp xếp đơn vị hành chính cấp xã năm 2025; Quyết định 19/2025/QĐ-TTg
law 175 Nghị quyết 175/2024/QH15
law 30 Nghị quyết 30/2026/QH16; Nghị quyết 237/NQ-UBTVQH16
`
