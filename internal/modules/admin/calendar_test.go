package admin_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/civil"
)

func TestCalendarOfAnAgency(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		cal := "/quan-tri/co-quan/" + o.a.ID + "/lich"
		if p := b.Get("/quan-tri/lich"); p.Location != cal {
			t.Errorf("led to %s", p.Location)
		}
		if p := b.Get(cal + "?nam=2026"); !strings.Contains(p.Text(), "16–20: Tết Nguyên đán") {
			t.Errorf("%s", p.Text())
		}
		for _, nam := range []string{"1900", "9999", "x", ""} {
			if p := b.Get(cal + "?nam=" + nam); p.Status != http.StatusOK {
				t.Errorf("year %q: %d", nam, p.Status)
			}
		}
		p := b.Post(cal+"/ngay", "number", "0", "date", "24/11/2026", "kind", "special", "hours", "7 giờ", "reason", "Lễ hội phường", "basis", "Thông báo 3")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="7 giờ"`) || !p.Has(`value="Thông báo 3"`) || !p.Has("Lễ hội phường") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post(cal+"/ngay", "number", "0", "date", "20/11/2026", "kind", "swap_off", "name_vi", "Nghỉ đổi", "pair", "28/11/2026", "both", "true", "reason", "Lễ hội phường")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		c, err := o.Org.Calendar(t.Context(), o.a.ID, time.Time{})
		if err != nil || c.IsWorking(civil.MustDate("2026-11-20")) || !c.IsWorking(civil.MustDate("2026-11-28")) {
			t.Errorf("the swap did not change both days: %v", err)
		}
		if p = b.Post(cal+"/ngay", "number", "0", "date", "23/11/2026", "kind", "closed", "name_vi", "Bão", "reason", "chậm chân"); p.Status != http.StatusConflict || !p.Has(`value="Bão"`) {
			t.Errorf("an older version: %d", p.Status)
		}
		if p = b.Post(cal+"/ngay", "number", "1", "date", "20/11/2026", "action", "remove", "reason", "nhầm"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "2", "mon", "07:30-11:30 10:00-12:00", "reason", "x"); p.Status != http.StatusUnprocessableEntity || !p.Has(`href="#f-mon"`) {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "2", "reason", "x"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("never open: %d", p.Status)
		}
		if p = b.Post(cal+"/tuan", "number", "2", "mon", "07:30-11:30 13:30-17:30", "sat", "07:30-11:30", "reason", "thêm sáng thứ Bảy"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(cal+"/tuan", "number", "3", "action", "inherit", "reason", "như cũ"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get(cal + "/phien-ban"); !strings.Contains(p.Text(), "thêm sáng thứ Bảy") || !strings.Contains(p.Text(), "Lê Quản Trị") {
			t.Errorf("%s", p.Text())
		}
	})
}
