package app

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What people and programs learn about administrative units.
func TestUnits(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h := a.Handler()
	for path, wants := range map[string][]string{
		"/dia-ban": {"Tra cứu đơn vị hành chính", `href="/dia-ban/79"`},
		"/dia-ban?q=" + url.QueryEscape("P. Tân Thới Hiệp, Q.12"):            {"Phường Tân Thới Hiệp, Quận 12, Thành phố Hồ Chí Minh", `href="/dia-ban/26782"`},
		"/dia-ban?q=" + url.QueryEscape("Phường Điện Biên, Quận Ba Đình"):    {"đã được chia cho 4 đơn vị mới", "Phường Hoàn Kiếm, Thành phố Hà Nội"},
		"/dia-ban?q=" + url.QueryEscape("<script>alert(1)</script>, Quận 0"): {"&lt;script&gt;"},
		"/dia-ban/00019":   {"Phường Điện Biên", "Không còn", "Nay thuộc 4 đơn vị", "Đến ngày 30/06/2025"},
		"/dia-ban/15":      {"Tỉnh Lào Cai", "Tỉnh Yên Bái", "Nghị quyết 202/2025/QH15", "99 đơn vị trực thuộc"},
		"/tra-cuu":         {`href="/dia-ban"`},
		"/api/v1/units/15": {`"Tỉnh Lào Cai"`, `"Tỉnh Yên Bái"`},
		"/api/v1/units?q=ba+dinh+ha+noi&level=commune&limit=1": {`"00004"`},
	} {
		w := get(t, h, path)
		if w.Code != http.StatusOK {
			t.Errorf("%s: %d", path, w.Code)
		}
		for _, want := range wants {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
	}
	for path, code := range map[string]int{
		"/dia-ban/99999": http.StatusNotFound, "/api/v1/units/99999": http.StatusNotFound, "/api/v1/units/10": http.StatusOK, "/api/v1/units/10?on=2026-01-01": http.StatusNotFound,
		"/api/v1/units/1x": http.StatusUnprocessableEntity, "/api/v1/units/15?on=2026-02-31": http.StatusUnprocessableEntity, "/api/v1/resolve-address": http.StatusUnprocessableEntity,
	} {
		if w := get(t, h, path); w.Code != code {
			t.Errorf("%s: %d, want %d", path, w.Code, code)
		}
	}

	var answer struct {
		Status, Reason, Line, Explanation string
		Choices                           []struct {
			Now struct{ Code, Address string }
		}
	}
	read := func(path string, to any) {
		t.Helper()
		if err := json.Unmarshal(get(t, h, path).Body.Bytes(), to); err != nil {
			t.Fatal(err)
		}
	}
	read("/api/v1/resolve-address?text="+url.QueryEscape("12 Tô Ký, phường Tân Thới Hiệp, quận 12"), &answer)
	if answer.Status != "resolved" || answer.Line != "12 Tô Ký" || len(answer.Choices) != 1 || answer.Choices[0].Now.Address != "Phường Tân Thới Hiệp, Thành phố Hồ Chí Minh" || answer.Explanation == "" {
		t.Errorf("resolve: %+v", answer)
	}
	for path, n := range map[string]int{
		"/api/v1/units/00/children": 34, "/api/v1/units/00/children?on=2025-06-30": 63, "/api/v1/units/79/children": 168, "/api/v1/units/79/children?on=2025-06-30": 22,
	} {
		var list struct{ Items []struct{ Code string } }
		read(path, &list)
		if len(list.Items) != n {
			t.Errorf("%s: %d, want %d", path, len(list.Items), n)
		}
	}
}
