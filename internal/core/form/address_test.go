package form_test

import (
	"net/url"
	"strings"
	"testing"

	"motcua/internal/core/form"
	"motcua/internal/core/place"
	"motcua/internal/platform/civil"
)

// What the page shows for an address of before July 2025: the candidates, everything
// typed, and after the choice the old words beside the new address.
func TestOldAddressOnThePage(t *testing.T) {
	f := birth(t)
	posted := url.Values{"home_place.commune": {"12 Kim Mã, P. Điện Biên, Q. Ba Đình"}}
	a, bad := f.Parse("child", posted)
	page := render(t, f.View("child", a, bad, env()))
	for _, want := range []string{
		`value="12 Kim Mã, P. Điện Biên, Q. Ba Đình"`, `name="home_place.pick"`, `value="00004"`, "Phường Hoàn Kiếm, Thành phố Hà Nội", "đã được chia cho nhiều đơn vị mới",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	posted.Set("home_place.pick", "00070")
	a, bad = f.Parse("child", posted)
	if len(bad) > 0 {
		t.Fatalf("picked, and yet: %s", codes(bad))
	}
	page = render(t, f.View("child", a, nil, env()))
	for _, want := range []string{`value="Phường Hoàn Kiếm"`, `value="12 Kim Mã"`, `name="home_place.old"`, "địa chỉ cũ: Phường Điện Biên, Quận Ba Đình, Thành phố Hà Nội"} {
		if !strings.Contains(page, want) {
			t.Errorf("after the choice the page lacks %s", want)
		}
	}
	if strings.Contains(page, `name="home_place.pick"`) {
		t.Error("after the choice the page still asks")
	}
	// Posting the page as it is keeps the old words.
	again, bad := f.Parse("child", parsePage(t, page).fields)
	if got := again["home_place"].(form.Answers); len(bad) > 0 || got["old"] != a["home_place"].(form.Answers)["old"] {
		t.Errorf("posted again: %v, %s", got, codes(bad))
	}
	// What people read names both; masked, only the province.
	for mask, want := range map[bool]string{false: "12 Kim Mã, Phường Hoàn Kiếm, Thành phố Hà Nội (địa chỉ cũ: Phường Điện Biên, Quận Ba Đình, Thành phố Hà Nội)", true: "***, Thành phố Hà Nội"} {
		got := ""
		for _, s := range f.Display(a, env(), "vi", mask) {
			for _, item := range s.Items {
				if item.Name == "home_place" {
					got = item.Value
				}
			}
		}
		if got != want {
			t.Errorf("shown (mask %t) as %q", mask, got)
		}
	}
}

// Programs may send codes that are no more, with or without their day.
func TestOldCodesFromPrograms(t *testing.T) {
	f := birth(t)
	for name, c := range map[string]struct {
		sent map[string]any
		want string
		bad  string
	}{
		"one heir":       {map[string]any{"province": "01", "commune": "00001"}, "Phường Hồng Hà, Thành phố Hà Nội", ""},
		"of its day":     {map[string]any{"province": "01", "commune": "00004", "on": "2025-06-30", "line": "Số 1"}, "Số 1, Phường Ba Đình, Thành phố Hà Nội", ""},
		"moved province": {map[string]any{"province": "74", "commune": "25978", "on": "2025-01-01"}, "Phường Thuận An, Thành phố Hồ Chí Minh", ""},
		"several heirs":  {map[string]any{"province": "01", "commune": "00019"}, "Thành phố Hà Nội", "home_place.commune:form.commune-gone"},
	} {
		a, bad := f.FromMap(with(good(), "home_place", c.sent))
		if len(bad) > 0 {
			t.Errorf("%s: %s", name, codes(bad))
			continue
		}
		if got := a["home_place"].(form.Answers)["text"]; got != c.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := codes(f.Validate(a, env())); got != c.bad {
			t.Errorf("%s: judged %q, want %q", name, got, c.bad)
		}
	}
}

// A draft written before a decree is asked again after it, with the way out; a dossier
// judged by the day it was filed on stays right.
func TestDraftAcrossADecree(t *testing.T) {
	before := birth(t)
	a, bad := before.FromMap(with(good(), "home_place", map[string]any{"province": "42", "commune": "18184"}))
	if len(bad) > 0 {
		t.Fatal(codes(bad))
	}
	x, err := place.National().With(place.Decree{
		ID: "d", Day: civil.MustDate("2026-10-01"), Legal: "Nghị quyết", Close: []string{"18184"},
		Links: []place.Link{{Old: "18184", New: "18160", Share: place.Partial}, {Old: "18184", New: "18163", Share: place.Partial, Residents: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	after := before.In(house{x})
	later := env()
	later.Now = civil.MustDate("2026-11-27").At(9, 0)
	if got := codes(after.Validate(a, later)); got != "home_place.commune:form.commune-gone" {
		t.Errorf("after the decree: %q", got)
	}
	page := render(t, after.View("child", a, after.ValidateStep("child", a, later), later))
	for _, want := range []string{"Xã Sơn Giang không còn", "Xã Sơn Tiến, Tỉnh Hà Tĩnh", `name="home_place.pick"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	if got := codes(after.Validate(a, env())); got != "" {
		t.Errorf("judged by the day of filing: %q", got)
	}
}
