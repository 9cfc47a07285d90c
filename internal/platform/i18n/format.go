package i18n

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// zone is the one time zone of Vietnam: UTC+7 all year since 1975.
func zone() *time.Location { return time.FixedZone("+07", 7*60*60) }

// Date writes the civil date of an instant in Vietnam: 05/02/2026, or 5 Feb 2026.
// The zero time gives "".
func Date(ctx context.Context, t time.Time) string { return formatDate(Lang(ctx), t) }

// Clock writes the time of day of an instant in Vietnam, 24 hours: 09:05.
func Clock(_ context.Context, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(zone()).Format("15:04")
}

// DateTime writes time and date as offices do: 09:05 ngày 05/02/2026, or 09:05, 5 Feb 2026.
func DateTime(ctx context.Context, t time.Time) string { return formatDateTime(Lang(ctx), t) }

// Day writes a civil date that never had a zone.
func Day(ctx context.Context, year int, month time.Month, day int) string {
	return formatDate(Lang(ctx), time.Date(year, month, day, 0, 0, 0, 0, zone()))
}

// Machine writes an instant for the datetime attribute of a <time> element.
func Machine(t time.Time) string { return t.In(zone()).Format(time.RFC3339) }

// Number writes a whole number: 1.234.567, or 1,234,567.
func Number(ctx context.Context, n int64) string { return formatInt(Lang(ctx), n) }

// Decimal writes a number with digits decimals (-1: as many as needed): 1.234,5 or 1,234.5.
func Decimal(ctx context.Context, x float64, digits int) string {
	return formatFloat(Lang(ctx), x, digits)
}

// Percent writes a share (0.954) as a percentage: 95,4% or 95.4%.
func Percent(ctx context.Context, share float64) string {
	return formatFloat(Lang(ctx), math.Round(share*1000)/10, -1) + "%"
}

// Money writes an amount in đồng: 8.000 đồng, or VND 8,000.
func Money(ctx context.Context, dong int64) string {
	if Lang(ctx) == EN {
		return "VND " + formatInt(EN, dong)
	}
	return formatInt(VI, dong) + " đồng"
}

// Bytes writes a file size with one decimal at most: 2,4 MB.
func Bytes(ctx context.Context, n int64) string {
	switch {
	case n < 1000:
		return formatInt(Lang(ctx), n) + " byte"
	case n < 1000*1000:
		return formatInt(Lang(ctx), (n+500)/1000) + " kB"
	case n < 1000*1000*1000:
		return formatFloat(Lang(ctx), math.Round(float64(n)/1e5)/10, -1) + " MB"
	default:
		return formatFloat(Lang(ctx), math.Round(float64(n)/1e8)/10, -1) + " GB"
	}
}

func formatDate(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if lang == EN {
		return t.In(zone()).Format("2 Jan 2006")
	}
	return t.In(zone()).Format("02/01/2006")
}

func formatDateTime(lang string, t time.Time) string {
	if t.IsZero() {
		return ""
	}
	if lang == EN {
		return t.In(zone()).Format("15:04, 2 Jan 2006")
	}
	return t.In(zone()).Format("15:04 ngày 02/01/2006")
}

func formatInt(lang string, n int64) string {
	s := strconv.FormatInt(n, 10)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	return sign + group(s, separators(lang))
}

func formatFloat(lang string, x float64, digits int) string {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return fmt.Sprint(x)
	}
	s := strconv.FormatFloat(x, 'f', digits, 64)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	whole, frac, _ := strings.Cut(s, ".")
	sep := separators(lang)
	out := sign + group(whole, sep)
	if frac != "" {
		out += sep[1:] + frac
	}
	return out
}

// separators returns the thousands mark and the decimal mark, one byte each.
func separators(lang string) string {
	if lang == EN {
		return ",."
	}
	return ".,"
}

func group(digits, sep string) string {
	if len(digits) <= 3 {
		return digits
	}
	var b strings.Builder
	first := len(digits) % 3
	b.WriteString(digits[:first])
	for i := first; i < len(digits); i += 3 {
		if b.Len() > 0 {
			b.WriteByte(sep[0])
		}
		b.WriteString(digits[i : i+3])
	}
	return b.String()
}
