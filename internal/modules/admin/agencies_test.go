package admin_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestAgenciesFromTheFirstToTheLastDay(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		add := "/quan-tri/co-quan/" + o.a.ID + "/them"
		p := b.Post(add, "name", "", "code", "sai mã", "kind", "unit", "level", "commune", "valid_from", "31/02/2026", "address", "Số 9 phố Huế")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Số 9 phố Huế"`) || !p.Has(`value="sai mã"`) || !p.Has(`href="#f-valid_from"`) {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = b.Post(add, "name", "Trạm Y tế phường A", "short_name", "Trạm Y tế A", "code", "h56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026", "phone", "x")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`href="#f-phone"`) || p.Has(`href="#f-code"`) {
			t.Errorf("%d: %s", p.Status, p.Text())
		}
		p = b.Post(add, "name", "Trạm Y tế phường A", "short_name", "Trạm Y tế A", "code", "h56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026", "receives", "true")
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d: %s", p.Status, p.Text())
		}
		unit := p.Location
		if p = b.Get(unit); !strings.Contains(p.Text(), "H56.15.04") || !strings.Contains(p.Text(), "Đã thêm cơ quan") {
			t.Errorf("%s", p.Text())
		}
		// Two editors.
		first, second := b.Get(unit+"/sua"), b.Get(unit+"/sua")
		if first.Body != second.Body && first.Status != 200 {
			t.Fatal(first.Status)
		}
		fields := []string{"rev", "1", "name", "Trạm Y tế phường A mới", "code", "H56.15.04", "kind", "unit", "level", "commune", "valid_from", "01/01/2026"}
		if p = b.Post(unit+"/sua", fields...); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(unit+"/sua", fields...); p.Status != http.StatusConflict || !p.Has(`value="Trạm Y tế phường A mới"`) {
			t.Errorf("the second editor: %d", p.Status)
		}
		if p = b.Post(unit+"/chuyen", "parent", "H56.16", "reason", "sắp xếp"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Không tìm thấy cơ quan có mã này trong phạm vi quản lý") {
			t.Errorf("moving to the neighbour: %d %s", p.Status, p.Text())
		}
		if p = b.Post("/quan-tri/co-quan/"+o.a.ID+"/ket-thuc", "valid_to", "31/12/2026", "reason", "sáp nhập"); p.Status != http.StatusConflict || !strings.Contains(p.Text(), "còn 1 đơn vị trực thuộc") || !p.Has("sáp nhập") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(unit+"/ket-thuc", "valid_to", "31/12/2026", "reason", "giải thể"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get("/quan-tri/co-quan?q=tram%20y%20te"); !strings.Contains(p.Text(), "đến 31/12/2026") {
			t.Errorf("%s", p.Text())
		}
	})
}

func TestPostsAndWhoHoldsThem(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.a")
		posts := "/quan-tri/co-quan/" + o.a.ID + "/vi-tri"
		p := b.Post(posts+"/them", "title", "Trưởng phòng")
		if p.Status != http.StatusUnprocessableEntity || !p.Has(`value="Trưởng phòng"`) || !strings.Contains(p.Text(), "Hãy chọn ít nhất một vai trò") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		p = b.Post(posts+"/them", "title", "Trưởng phòng", "roles", "head", "roles", "officer", "department_id", o.depB.ID)
		if p.Status != http.StatusUnprocessableEntity {
			t.Errorf("a department of the neighbour: %d", p.Status)
		}
		p = b.Post(posts+"/them", "title", "Trưởng phòng", "roles", "head", "roles", "officer", "department_id", o.depA.ID)
		if p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		post := p.Location
		p = b.Post(post+"/phan-cong", "account", "canbo.b", "from", "03/11/2026", "basis", "Quyết định 9")
		if p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Không tìm thấy cán bộ có tên đăng nhập này") || !p.Has(`value="Quyết định 9"`) {
			t.Errorf("somebody of the neighbour: %d %s", p.Status, p.Text())
		}
		if p = b.Post(post+"/phan-cong", "account", "canbo.a", "from", "04/11/2026", "to", "03/11/2026"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(post+"/phan-cong", "account", "CanBo.A", "from", "03/11/2026"); p.Status != http.StatusSeeOther {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		holdings, err := o.Org.PostHoldings(t.Context(), strings.TrimPrefix(post, "/quan-tri/vi-tri/"))
		if err != nil || len(holdings) != 1 {
			t.Fatal(holdings, err)
		}
		held := post + "/nguoi-giu/" + holdings[0].ID
		if p = b.Post(held+"/uy-quyen", "account", "quantri.a", "from", "03/11/2026", "basis", "Văn bản 1"); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "Ủy quyền phải có ngày kết thúc") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Post(held+"/uy-quyen", "account", "quantri.a", "from", "03/11/2026", "to", "10/11/2026", "basis", "Văn bản 1"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get(post); !strings.Contains(p.Text(), "được Phạm Cán Bộ ủy quyền") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Post(held+"/ket-thuc", "when", "day"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(held + "/ket-thuc"); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(held+"/ket-thuc", "when", "now"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if holdings, err = o.Org.PostHoldings(t.Context(), strings.TrimPrefix(post, "/quan-tri/vi-tri/")); err != nil || len(holdings) != 0 {
			t.Errorf("still held: %v, %v", holdings, err)
		}
		if p = b.Post(post + "/dong"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get(post); p.Status != http.StatusNotFound {
			t.Errorf("a closed post: %d", p.Status)
		}
		dep := "/quan-tri/co-quan/" + o.a.ID + "/phong-ban/"
		if p = b.Post(dep+o.depA.ID, "name", ""); p.Status != http.StatusUnprocessableEntity {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(dep+"them", "name", "Phòng Kinh tế"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post(dep + o.depA.ID + "/dong"); p.Status != http.StatusSeeOther {
			t.Errorf("%d %s", p.Status, p.Text())
		}
	})
}
