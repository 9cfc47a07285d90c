package web_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/web"
)

func TestBodiesAreLimited(t *testing.T) {
	read := func(w http.ResponseWriter, r *http.Request) error {
		if _, err := web.Form(r); err != nil {
			return err
		}
		return web.SeeOther(w, r, "/")
	}
	s := newSite(t, web.Options{Routes: []web.Route{
		{Pattern: "POST /small", Access: anyone(), Handle: read, MaxBody: 100},
		{Pattern: "POST /default", Access: anyone(), Handle: read},
	}})
	res := do(t, s, call{method: "POST", target: "/small", body: "a=" + strings.Repeat("x", 200)})
	if body := bodyOf(t, res); res.StatusCode != 413 || !strings.Contains(body, "quá lớn") {
		t.Errorf("%d %q", res.StatusCode, body)
	}
	if res := do(t, s, call{method: "POST", target: "/small", body: "a=1"}); res.StatusCode != 303 {
		t.Errorf("a small form got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=" + strings.Repeat("x", int(web.DefaultMaxBody))}); res.StatusCode != 413 {
		t.Errorf("a huge form got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: strings.Repeat("a=1&", 2001)}); res.StatusCode != 422 {
		t.Errorf("2001 fields got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%FF%FE"}); res.StatusCode != 422 {
		t.Errorf("broken UTF-8 got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%00"}); res.StatusCode != 422 {
		t.Errorf("NUL got %d", res.StatusCode)
	}
	if res := do(t, s, call{method: "POST", target: "/default", body: "a=%zz"}); res.StatusCode != 422 {
		t.Errorf("a broken escape got %d", res.StatusCode)
	}
}

func TestFormNormalises(t *testing.T) {
	var got url.Values
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
		var err error
		got, err = web.Form(r)
		if err != nil {
			return err
		}
		return web.SeeOther(w, r, "/")
	}}}})
	nfd := "Nguye\u0302\u0303n" // as a Mac types it
	do(t, s, call{method: "POST", target: "/a?trang=2", body: url.Values{"ten": {nfd}, "ghi-chu": {"a\r\nb\rc"}}.Encode()})
	if got.Get("ten") != "Nguy\u1ec5n" || got.Get("ghi-chu") != "a\nb\nc" || got.Has("trang") {
		t.Errorf("got %q", got)
	}
}

func TestUploadStreams(t *testing.T) {
	var seen []string
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), MaxBody: 64 << 20, Handle: func(w http.ResponseWriter, r *http.Request) error {
		values, err := web.Upload(r, func(f web.File) error {
			n, err := io.Copy(io.Discard, f.Body)
			seen = append(seen, fmt.Sprintf("%s %s %d", f.Field, f.Name, n))
			return err
		})
		if err != nil {
			return err
		}
		seen = append(seen, "ten="+values.Get("ten"))
		return web.SeeOther(w, r, "/")
	}}}})
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	_ = form.WriteField("ten", "Hoa")
	for name, size := range map[string]int{"C:\\ảnh\\chứng sinh.jpg": 3 << 20} {
		p, _ := form.CreateFormFile("giay", name)
		_, _ = p.Write(make([]byte, size))
	}
	_, _ = form.CreateFormFile("rong", "")
	_ = form.Close()
	res := do(t, s, call{method: "POST", target: "/a", body: body.String(), header: http.Header{"Content-Type": {form.FormDataContentType()}}})
	if want := []string{"giay chứng sinh.jpg 3145728", "ten=Hoa"}; res.StatusCode != 303 || strings.Join(seen, "|") != strings.Join(want, "|") {
		t.Errorf("%d %q, want %q", res.StatusCode, seen, want)
	}
	if res := do(t, s, call{method: "POST", target: "/a", body: "cut off", header: http.Header{"Content-Type": {form.FormDataContentType()}}}); res.StatusCode != 422 {
		t.Errorf("a cut-off body got %d", res.StatusCode)
	}
}

func TestReadJSON(t *testing.T) {
	s := newSite(t, web.Options{Routes: []web.Route{{Pattern: "POST /a", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
		var in struct{ Name string }
		if err := web.ReadJSON(r, &in); err != nil {
			return err
		}
		return web.JSON(w, r, http.StatusCreated, map[string]string{"hello": in.Name})
	}}}})
	js := http.Header{"Content-Type": {"application/json"}}
	if res := do(t, s, call{method: "POST", target: "/a", body: `{"name":"Hoa"}`, header: js}); res.StatusCode != 201 || bodyOf(t, res) != "{\"hello\":\"Hoa\"}\n" {
		t.Errorf("got %d", res.StatusCode)
	}
	for _, bad := range []string{`{"name":"Hoa","x":1}`, `{"name":"Hoa"} {}`, `{`, `[]`} {
		if res := do(t, s, call{method: "POST", target: "/a", body: bad, header: js}); res.StatusCode != 422 {
			t.Errorf("%s got %d", bad, res.StatusCode)
		}
	}
}

func TestFlashIsShownOnce(t *testing.T) {
	bundle := mustBundle(t, `{"x.saved":"Đã lưu {n} hồ sơ"}`)
	shown := func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, 200, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
			for _, m := range web.TakeFlash(ctx) {
				fmt.Fprintf(w, "[%s %t]", i18n.TMap(ctx, m.Key, m.Args), m.Warn)
			}
			return nil
		}))
	}
	routes := []web.Route{
		{Pattern: "POST /luu", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
			web.Flash(w, r, "x.saved", "n", 2)
			web.FlashWarning(w, r, "x.saved", "n", 1)
			return web.SeeOther(w, r, "/xem")
		}},
		get("GET /xem", shown),
		get("GET /khac", page("no layout here")),
	}
	s := newSite(t, web.Options{Bundle: bundle, Routes: routes})
	res := do(t, s, call{method: "POST", target: "/luu", body: "x=1"})
	cookies := res.Cookies()
	if len(cookies) != 1 || !cookies[0].HttpOnly || cookies[0].SameSite != http.SameSiteLaxMode {
		t.Fatalf("cookies %v", cookies)
	}
	header := http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value}}
	if res := do(t, s, call{method: "GET", target: "/khac", header: header}); len(res.Cookies()) != 0 {
		t.Error("a page that shows no messages swallowed them")
	}
	res = do(t, s, call{method: "GET", target: "/xem", header: header})
	if body := bodyOf(t, res); body != "[Đã lưu 2 hồ sơ false][Đã lưu 1 hồ sơ true]" {
		t.Errorf("shown %q", body)
	}
	if c := res.Cookies(); len(c) != 1 || c[0].MaxAge >= 0 {
		t.Errorf("the message stays: %v", c)
	}
	forged := http.Header{"Cookie": {cookies[0].Name + "=" + cookies[0].Value[:len(cookies[0].Value)-2] + "AA"}}
	if body := bodyOf(t, do(t, s, call{method: "GET", target: "/xem", header: forged})); body != "" {
		t.Errorf("a forged message is shown: %q", body)
	}
	other := newSite(t, web.Options{Bundle: bundle, Routes: routes, Secret: bytes.Repeat([]byte("k"), 32)})
	if body := bodyOf(t, do(t, other, call{method: "GET", target: "/xem", header: header})); body != "" {
		t.Errorf("a message of another key is shown: %q", body)
	}
}
