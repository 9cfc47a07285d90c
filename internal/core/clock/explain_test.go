package clock

import (
	"context"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"motcua/internal/platform/calendar"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/i18n"
)

func words(t testing.TB, lang string) context.Context {
	t.Helper()
	bundle, err := i18n.New(Locales())
	if err != nil {
		t.Fatal(err)
	}
	bundle.OnMissing(func(lang, key string) { t.Errorf("%s: no words for %q", lang, key) })
	if holes := i18n.Check(bundle); len(holes) > 0 {
		t.Errorf("%s", strings.Join(holes, "\n"))
	}
	return i18n.WithLang(i18n.WithBundle(context.Background(), bundle), lang)
}

func story(ctx context.Context, lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Span(ctx) + ": " + l.Words(ctx) + "\n")
	}
	return b.String()
}

func TestExplainTellsTheStory(t *testing.T) {
	entries := append(life("start", "2026-02-10 09:00", "pause", "2026-02-12 10:30", "resume", "2026-02-24 09:30"),
		extension(4, "2026-02-25 08:00", 8, 0))
	entries[1].Paper = "form-02"
	entries = append(entries, extension(5, "2026-03-04 09:00", 16, 0), Entry{Seq: 6, Kind: Stop, At: at("2026-03-05 10:00")})
	lines := Explain(days(3), entries, calendar.National(), at("2026-06-01 09:00"))
	want := `10/02/2026 09:00 – 11/02/2026 00:00: Ngày tiếp nhận, chưa tính vào thời hạn
11/02/2026 00:00 – 12/02/2026 10:30: Tính 1 ngày làm việc 3 giờ
12/02/2026 10:30 – 24/02/2026 09:30: Tạm dừng: chờ công dân bổ sung hồ sơ. Không tính 2 ngày làm việc 7 giờ (nghỉ Tết Nguyên đán 16/02/2026–20/02/2026)
24/02/2026 09:30 – 25/02/2026 08:00: Tính 6 giờ 30 phút
25/02/2026 08:00: Gia hạn thêm 1 ngày làm việc: Hồ sơ phức tạp. Căn cứ: Nghị định 118/2025/NĐ-CP
25/02/2026 08:00 – 26/02/2026 16:30: Tính 1 ngày làm việc 6 giờ 30 phút
26/02/2026 16:30: Hạn trả kết quả
26/02/2026 16:30 – 04/03/2026 09:00: Quá hạn 3 ngày làm việc 2 giờ 30 phút
`
	got := story(words(t, "vi"), lines)
	if !strings.HasPrefix(got, want) {
		t.Errorf("\n%s\nwant\n%s", got, want)
	}
	for _, kind := range []LineKind{Waiting, Counted, Held, Counted, Extended, Counted, DueLine, Late, ExtendedLate, Late, Ended} {
		if len(lines) == 0 || lines[0].Kind != kind {
			t.Fatalf("want a line %s:\n%s", kind, got)
		}
		lines = lines[1:]
	}
	if english := story(words(t, "en"), Explain(days(3), entries, calendar.National(), time.Time{})); !strings.Contains(english, "waiting for the citizen to complete the dossier. 2 working days 7 hours not counted (Lunar New Year (Tết), 16 Feb 2026–20 Feb 2026)") {
		t.Errorf("\n%s", english)
	}
}

func TestExplainAnOpenClock(t *testing.T) {
	cal, ctx := calendar.National(), words(t, "vi")
	kinds := func(lines []Line) (s string) {
		for _, l := range lines {
			s += string(l.Kind) + " "
		}
		return strings.TrimSpace(s)
	}
	for _, c := range []struct {
		name    string
		term    Term
		entries []Entry
		now     time.Time
		want    string
	}{
		{"not started", days(3), nil, at("2026-03-03 09:00"), ""},
		{"in time", days(3), life("start", "2026-03-02 09:00"), at("2026-03-03 09:00"), "waiting counted remaining due"},
		{"on the day of receipt", days(3), life("start", "2026-03-02 09:00"), at("2026-03-02 10:00"), "waiting remaining due"},
		{"no now", days(3), life("start", "2026-03-02 09:00"), time.Time{}, "waiting counted due"},
		{"late", days(1), life("start", "2026-03-02 09:00"), at("2026-03-05 09:00"), "waiting counted due late"},
		{"hours have no waiting", hours(4), life("start", "2026-03-02 09:00"), at("2026-03-02 10:00"), "counted remaining due"},
		{"paused", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-03 09:00"), at("2026-04-02 10:00"), "waiting counted paused"},
		{"paused and over on the day of receipt", days(3), life("start", "2026-03-02 09:00", "pause", "2026-03-02 10:00", "resume", "2026-03-02 11:00"), time.Time{}, "waiting paused counted due"},
		{"paused too late", days(1), life("start", "2026-03-02 09:00", "pause", "2026-03-04 09:00"), at("2026-04-02 10:00"), "waiting counted due late paused_late"},
		{"without a term", Term{}, life("start", "2026-03-02 09:00"), at("2026-03-03 10:00"), "waiting counted"},
		{"nonsense", days(3), life("start", "2026-03-02 09:00", "resume", "2026-03-03 09:00"), time.Time{}, "waiting counted ignored counted due"},
	} {
		lines := Explain(c.term, c.entries, cal, c.now)
		if got := kinds(lines); got != c.want {
			t.Errorf("%s: %q, want %q\n%s", c.name, got, c.want, story(ctx, lines))
		}
		if strings.Contains(story(ctx, lines), "⟦") {
			t.Errorf("%s:\n%s", c.name, story(ctx, lines))
		}
	}
}

func TestExplainNamesEveryDayThatDiffers(t *testing.T) {
	cal := calendar.National().With(civil.MustDate("2026-08-24"), calendar.Day{Kind: calendar.Closed, Name: i18n.Text{VI: "Bão số 5", EN: "Storm 5"}})
	lines := Explain(days(12), life("start", "2026-08-20 09:00"), cal, time.Time{})
	got := story(words(t, "vi"), lines)
	for _, part := range []string{"làm bù 22/08/2026", "cơ quan đóng cửa 24/08/2026 Bão số 5", "nghỉ hoán đổi Quốc khánh 31/08/2026", "nghỉ Quốc khánh 01/09/2026–02/09/2026"} {
		if !strings.Contains(got, part) {
			t.Errorf("%q is not told:\n%s", part, got)
		}
	}
	provisional := story(words(t, "vi"), Explain(days(5), life("start", "2028-01-20 09:00"), cal, time.Time{}))
	if !strings.Contains(provisional, "(dự kiến)") {
		t.Errorf("a provisional Tết is told as fixed:\n%s", provisional)
	}
}

// The account is complete: the intervals follow each other without gap or overlap
// from receipt to the end, counted time and the term agree, and the due time of the
// account is the due time of the law.
func TestTheAccountBalances(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cal := drawOffice(t)
		term := drawTerm(t)
		entries := drawLife(t, 4)
		due, state := Due(term, entries, cal)
		now := due
		if state.Phase == Stopped {
			now = state.StoppedAt
		} else {
			now = later(now, entries[len(entries)-1].At).Add(time.Duration(rapid.IntRange(0, 5000).Draw(t, "now")) * time.Minute)
		}
		lines := Explain(term, entries, cal, now)
		cursor := entries[0].At
		var told time.Time
		for _, l := range lines {
			switch l.Kind {
			case DueLine:
				told = l.From
				continue
			case Extended, ExtendedLate, Ended, Ignored:
				continue
			case Held, HeldLate:
				if l.From.Before(cursor) && !l.To.After(cursor) {
					continue // over before counting began
				}
			}
			if !l.From.Equal(cursor) || l.To.Before(l.From) {
				t.Fatalf("%+v: %s: a line %s from %s to %s follows %s", term, lifeText(entries), l.Kind, show(l.From), show(l.To), show(cursor))
			}
			cursor = l.To
			if l.Kind == Counted && l.To.After(due) || l.Kind == Late && l.From.Before(due) {
				t.Fatalf("%s from %s to %s, due %s", l.Kind, show(l.From), show(l.To), show(due))
			}
		}
		if !told.Equal(due) {
			t.Fatalf("%+v: %s: the account says due %s, the law %s", term, lifeText(entries), show(told), show(due))
		}
		if end := later(now, cursor); !cursor.Equal(end) {
			t.Fatalf("%+v: %s: accounted up to %s, now %s", term, lifeText(entries), show(cursor), show(now))
		}
	})
}

func TestWordsOfTermsAndJudgements(t *testing.T) {
	vi, en := words(t, "vi"), words(t, "en")
	for _, c := range []struct {
		term   Term
		vi, en string
	}{
		{days(1), "1 ngày làm việc", "1 working day"}, {days(5), "5 ngày làm việc", "5 working days"}, {hours(4), "4 giờ làm việc", "4 working hours"}, {dates(30), "30 ngày", "30 days"}, {months(6), "6 tháng", "6 months"},
		{Term{}, "Không quy định", "No fixed term"}, {sameDay(1), "Trong ngày (nhận trước 15:00; nhận sau 15:00 thì ngày làm việc tiếp theo)", "Same day (received before 15:00; after 15:00, the next working day)"},
	} {
		if c.term.Words(vi) != c.vi || c.term.Words(en) != c.en {
			t.Errorf("%+v: %q, %q", c.term, c.term.Words(vi), c.term.Words(en))
		}
	}
	for _, c := range []struct {
		j      Judgement
		vi, en string
	}{
		{Judgement{Verdict: InTime, Remaining: 27*time.Hour + 30*time.Minute}, "Còn 3 ngày làm việc 3 giờ 30 phút", "3 working days 3 hours 30 minutes left"},
		{Judgement{Verdict: Overdue, Remaining: -3 * time.Hour, Late: 20 * time.Hour}, "Quá hạn 3 giờ", "3 hours overdue"},
		{Judgement{Verdict: Overdue, Late: 26*time.Hour + time.Minute}, "Quá hạn 1 ngày 2 giờ 1 phút", "1 day 2 hours 1 minute overdue"},
		{Judgement{Verdict: Early, Remaining: 8 * time.Hour}, "Trước hạn 1 ngày làm việc", "1 working day early"},
		{Judgement{Verdict: OnTime}, "Đúng hạn", "On time"}, {Judgement{Verdict: NoDue}, "Không có hạn trả", "No due date"}, {Judgement{Verdict: InTime}, "Còn 0 phút", "0 minutes left"},
	} {
		if c.j.Words(vi) != c.vi || c.j.Words(en) != c.en {
			t.Errorf("%+v: %q, %q", c.j, c.j.Words(vi), c.j.Words(en))
		}
	}
}

func BenchmarkDue(b *testing.B) {
	cal := calendar.National()
	entries := life("start", "2026-02-10 09:00", "pause", "2026-02-12 10:30", "resume", "2026-02-24 09:30")
	b.ReportAllocs()
	for b.Loop() {
		Due(days(15), entries, cal)
	}
}

func BenchmarkExplain(b *testing.B) {
	cal := calendar.National()
	entries := life("start", "2026-02-10 09:00", "pause", "2026-02-12 10:30", "resume", "2026-02-24 09:30")
	b.ReportAllocs()
	for b.Loop() {
		Explain(days(15), entries, cal, time.Time{})
	}
}
