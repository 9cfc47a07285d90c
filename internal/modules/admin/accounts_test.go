package admin_test

import (
	"net/http"
	"strings"
	"testing"

	"motcua/internal/platform/journal"
)

func TestAccounts(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		p := b.Post("/quan-tri/tai-khoan/them", "login", "Sai Tên", "name", "Vũ Mới", "agency", "H56.16")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Vũ Mới"`) || !strings.Contains(p.Text(), "Không tìm thấy cơ quan có mã này") || !p.Has(`href="#f-login"`) {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post("/quan-tri/tai-khoan/them", "login", "vu.moi", "name", "Vũ Mới", "agency", "H56.15")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		page := p.Location
		if p = b.Get(page); !strings.Contains(p.Text(), "Chưa đặt mật khẩu") || !strings.Contains(p.Text(), "Chưa giữ vị trí nào") {
			t.Errorf("%s", p.Text())
		}
		p = b.Post(page + "/lien-ket")
		if p.Status != http.StatusCreated || !p.Has("https://motcua.example/dat-mat-khau/") || p.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %s", p.Status, p.Header.Get("Cache-Control"))
		}
		if b.Get(page).Has("/dat-mat-khau/") {
			t.Error("the link is shown twice")
		}
		if p = b.Post(page, "rev", "1", "name", "Vũ Đã Đổi", "agency", "H56.16"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Vũ Đã Đổi"`) {
			t.Errorf("to the neighbour: %d", p.Status)
		}
		if p = b.Post(page, "rev", "1", "name", "Vũ Đã Đổi", "agency", "H56.15", "phone", "0912345678"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(page+"/trang-thai", "state", "suspended"); p.Status != http.StatusUnprocessableEntity || !p.Has("checked") {
			t.Errorf("without a reason: %d", p.Status)
		}
		if p = b.Post(page+"/trang-thai", "state", "suspended", "reason", "nghỉ phép dài"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post("/quan-tri/tai-khoan/"+o.local.ID+"/trang-thai", "state", "suspended", "reason", "tự khóa"); p.Status != http.StatusConflict {
			t.Errorf("oneself: %d", p.Status)
		}

		chief := o.as(t, "quantri.tinh")
		if p = chief.Post("/quan-tri/tai-khoan/cong-dan", "kind", "citizen", "q", "dan"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="dan"`) || !p.Has(`href="#f-purpose"`) {
			t.Errorf("without a purpose: %d %s", p.Status, p.Text())
		}
		p = chief.Post("/quan-tri/tai-khoan/cong-dan", "kind", "citizen", "q", "thi dan", "purpose", "Công dân quên mật khẩu")
		if p.Status != http.StatusOK || !strings.Contains(p.Text(), "Nguyễn Thị Dân") || p.Has("038190000012") || !strings.Contains(p.Text(), "0381******12") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = chief.Get("/quan-tri/tai-khoan/" + o.citizen.ID); p.Status != http.StatusOK || p.Has("038190000012") || p.Has("0912345678") {
			t.Errorf("a citizen's page is not masked: %d", p.Status)
		}
		events, err := o.Journal.Browse(t.Context(), o.DB, journal.BrowseFilter{Actor: o.chief.ID, Type: "identity.accounts-searched"})
		if err != nil || len(events) != 1 || events[0].Purpose != "Công dân quên mật khẩu" {
			t.Errorf("search journaled %d times, %v", len(events), err)
		}
	})
}
