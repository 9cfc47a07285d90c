package logx

import (
	"regexp"
	"strings"
)

const blank = "[redacted]"

// personal are keys of attributes that never belong into the log, without
// underscores and in lower case.
var personal = map[string]bool{
	"name": true, "fullname": true, "hoten": true, "ten": true, "login": true, "user": true, "username": true, "phone": true, "mobile": true, "tel": true, "sdt": true,
	"sodienthoai": true, "email": true, "mail": true, "citizenno": true, "citizennumber": true, "citizenid": true, "cccd": true, "cmnd": true, "cmt": true, "passport": true,
	"taxcode": true, "mst": true, "address": true, "diachi": true, "birth": true, "birthday": true, "dob": true, "ngaysinh": true, "gender": true, "ethnic": true, "religion": true,
	"password": true, "passwd": true, "secret": true, "token": true, "cookie": true, "authorization": true, "session": true, "apikey": true, "answers": true, "body": true,
	"form": true, "payload": true, "query": true, "search": true, "q": true, "filename": true, "ip": true, "remoteaddr": true, "diagnosis": true, "bankaccount": true,
}

// plainNames end like personal keys and say nothing about persons.
var plainNames = map[string]bool{"hostname": true, "tablename": true, "indexname": true, "metricname": true, "rolename": true}

func personalKey(key string) bool {
	k := strings.ToLower(strings.NewReplacer("_", "", "-", "", ".", "", " ", "").Replace(key))
	if personal[k] {
		return true
	}
	for _, end := range []string{"name", "phone", "email", "password", "secret", "token", "citizenno", "address"} {
		if strings.HasSuffix(k, end) {
			return !plainNames[k]
		}
	}
	return false
}

// countKey are keys of large numbers that are no citizen number.
func countKey(key string) bool {
	for _, part := range []string{"bytes", "size", "offset", "free", "position", "count", "took", "millis", "_ms", "_ns", "total"} {
		if strings.Contains(key, part) {
			return true
		}
	}
	return key == "n" || key == "at"
}

var (
	uuid  = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|\b[0-9a-f]{32,}\b`)
	email = regexp.MustCompile(`[\pL0-9._%+:-]+@[\pL0-9-]+(\.[\pL0-9-]+)+`)
	// What databases quote of a row: Key (citizen_no)=(001099012345) already exists.
	row = regexp.MustCompile(`\)=\([^)]*\)`)
	// A number written by a person: digits, with a space, a dot or a dash between groups.
	number = regexp.MustCompile(`\+?\d(?:[ .-]?\d)*`)
)

// text blanks what looks like a person's data inside a text.
func (c cleaner) text(key, s string) string {
	if !strings.ContainsAny(s, "0123456789@=") {
		return s
	}
	replace := func(string) string { return c.redacted(key) }
	var b strings.Builder
	at := 0
	// Ids may hold twelve digits in a row by chance; they are nobody's number.
	for _, id := range append(uuid.FindAllStringIndex(s, -1), []int{len(s), len(s)}) {
		part := s[at:id[0]]
		part = row.ReplaceAllStringFunc(part, func(string) string { return ")=(" + c.redacted(key) + ")" })
		part = email.ReplaceAllStringFunc(part, replace)
		b.WriteString(c.numbers(key, part))
		b.WriteString(s[id[0]:id[1]])
		at = id[1]
	}
	return b.String()
}

// numbers blanks citizen numbers and phone numbers.
func (c cleaner) numbers(key, s string) string {
	var b strings.Builder
	at := 0
	for _, m := range number.FindAllStringIndex(s, -1) {
		b.WriteString(s[at:m[0]])
		n := s[m[0]:m[1]]
		switch {
		case personalNumber(n):
			b.WriteString(c.redacted(key))
		default:
			// Perhaps one of its groups alone is: "lần 2 001099012345".
			for i, group := range splitGroups(n) {
				if i%2 == 0 && personalNumber(group) {
					group = c.redacted(key)
				}
				b.WriteString(group)
			}
		}
		at = m[1]
	}
	b.WriteString(s[at:])
	return b.String()
}

// splitGroups cuts a number at its separators and keeps them: groups stand at
// even places, separators at odd ones.
func splitGroups(n string) (parts []string) {
	from := 0
	for i := range len(n) {
		if n[i] == ' ' || n[i] == '.' || n[i] == '-' {
			parts = append(parts, n[from:i], n[i:i+1])
			from = i + 1
		}
	}
	return append(parts, n[from:])
}

// personalNumber tells a citizen number (12 digits, together or in threes or
// fours) or a Vietnamese phone number from other numbers.
func personalNumber(n string) bool {
	plus := strings.HasPrefix(n, "+")
	digits := strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, n)
	together := len(digits) == len(n)
	switch {
	case len(digits) == 12 && !plus:
		return together || !strings.Contains(n, ".") && evenGroups(n)
	case len(digits) == 10 && digits[0] == '0', len(digits) == 11 && strings.HasPrefix(digits, "84"):
		return strings.ContainsRune("35789", rune(digits[len(digits)-9]))
	}
	return false
}

func evenGroups(n string) bool {
	groups := splitGroups(n)
	for i := 0; i < len(groups); i += 2 {
		if l := len(groups[i]); l != len(groups[0]) || l < 3 {
			return false
		}
	}
	return true
}
