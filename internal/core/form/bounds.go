package form

import (
	"fmt"
	"regexp"
	"strconv"

	"motcua/internal/platform/civil"
)

// bound is a limit of a number, an amount or a date. A date limit may move with
// the day of judgement: "today", "-18y", "+3m", "-10d".
type bound struct {
	set      bool
	number   float64
	day      civil.Date
	moving   bool
	y, m, d  int
	original string
}

var offsetForm = regexp.MustCompile(`^([+-])(\d{1,4})([dmy])$`)

func parseBound(kind Kind, text string) (bound, error) {
	b := bound{set: text != "", original: text}
	if !b.set {
		return b, nil
	}
	switch kind {
	case Number, Money:
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || kind == Money && n != float64(int64(n)) {
			return b, fmt.Errorf("%q is not %s", text, map[Kind]string{Number: "a number (write 1234.5)", Money: "an amount in đồng"}[kind])
		}
		b.number = n
	case Date, PartialDate:
		if text == "today" {
			b.moving = true
			return b, nil
		}
		if m := offsetForm.FindStringSubmatch(text); m != nil {
			n, _ := strconv.Atoi(m[1] + m[2])
			b.moving = true
			switch m[3] {
			case "y":
				b.y = n
			case "m":
				b.m = n
			default:
				b.d = n
			}
			return b, nil
		}
		day, err := civil.Parse(text)
		if err != nil {
			return b, fmt.Errorf("%q is not a date: write 2026-01-31, today, or an offset such as -18y, +3m, -10d", text)
		}
		b.day = day
	}
	return b, nil
}

// date returns the limit on the day of judgement.
func (b bound) date(today civil.Date) civil.Date {
	if !b.moving {
		return b.day
	}
	return today.AddYears(b.y).AddMonths(b.m).AddDays(b.d)
}
