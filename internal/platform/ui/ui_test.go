package ui_test

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/a-h/templ"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"
	"golang.org/x/net/html"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
	assets "motcua/web"
)

func bundle(t *testing.T) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(web.Locales(), ui.Locales())
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// serve renders a component as the whole program would: through the site, in a language.
func serve(t *testing.T, c templ.Component, lang string, viewer web.Viewer) (*html.Node, string) {
	t.Helper()
	built, err := web.NewAssets(assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	site, err := web.New(web.Options{
		Bundle: bundle(t), Assets: built,
		Brand: web.Brand{Name: i18n.Text{VI: "Cổng thử", EN: "Test gate"}, Nav: []web.NavItem{{Text: i18n.V("Thủ tục"), Href: "/thu-tuc"}, {Text: i18n.V("Trang thử"), Href: "/thu"}}, Hotline: "1022"},
		Routes: []web.Route{{Pattern: "GET /thu/{x}", Access: web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}, Handle: func(w http.ResponseWriter, r *http.Request) error {
			return web.Render(w, r.WithContext(web.WithViewer(r.Context(), viewer)), http.StatusOK, c)
		}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	site.ServeHTTP(w, httptest.NewRequest("GET", "/thu/trang?lang="+lang, nil))
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	doc, err := html.Parse(strings.NewReader(w.Body.String()))
	if err != nil {
		t.Fatal(err)
	}
	return doc, w.Body.String()
}

// fragment renders one component alone.
func fragment(t *testing.T, c templ.Component) (*html.Node, string) {
	t.Helper()
	var b bytes.Buffer
	if err := c.Render(i18n.WithBundle(context.Background(), bundle(t)), &b); err != nil {
		t.Fatal(err)
	}
	doc, err := html.Parse(&b)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := html.Render(&out, doc); err != nil {
		t.Fatal(err)
	}
	return doc, out.String()
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	for _, a := range n.Attr {
		if a.Key == name {
			return true
		}
	}
	return false
}

func walk(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, f)
	}
}

func words(n *html.Node) string {
	var b strings.Builder
	var rec func(*html.Node)
	rec = func(n *html.Node) {
		if n.Type == html.TextNode {
			b.WriteString(n.Data)
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			rec(c)
		}
	}
	rec(n)
	return strings.Join(strings.Fields(b.String()), " ")
}

func find(doc *html.Node, match func(*html.Node) bool) []*html.Node {
	var out []*html.Node
	walk(doc, func(n *html.Node) {
		if match(n) {
			out = append(out, n)
		}
	})
	return out
}

func byID(doc *html.Node, id string) *html.Node {
	for _, n := range find(doc, func(n *html.Node) bool { return attr(n, "id") == id }) {
		return n
	}
	return nil
}

// check finds what would hurt a person who cannot see the page, or break the
// content security policy.
func check(t *testing.T, doc *html.Node) {
	t.Helper()
	ids := map[string]int{}
	labelled := map[string]bool{}
	described := map[string]bool{}
	h1 := 0
	walk(doc, func(n *html.Node) {
		if id := attr(n, "id"); id != "" {
			ids[id]++
		}
		if n.Data == "label" {
			labelled[attr(n, "for")] = true
		}
		for _, id := range strings.Fields(attr(n, "aria-describedby")) {
			described[id] = true
		}
		if n.Data == "h1" {
			h1++
		}
	})
	for id, n := range ids {
		if n > 1 {
			t.Errorf("id %q stands %d times", id, n)
		}
	}
	if h1 != 1 {
		t.Errorf("%d headings of the first level", h1)
	}
	walk(doc, func(n *html.Node) {
		for _, a := range n.Attr {
			switch {
			case a.Key == "style":
				t.Errorf("<%s> has a style attribute", n.Data)
			case strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s> has the inline handler %s", n.Data, a.Key)
			case a.Key == "aria-describedby" || a.Key == "aria-labelledby":
				for _, id := range strings.Fields(a.Val) {
					if ids[id] == 0 {
						t.Errorf("<%s name=%q> %s points to %q, which is not there", n.Data, attr(n, "name"), a.Key, id)
					}
				}
			case (a.Key == "for" || a.Key == "form") && ids[a.Val] == 0 && a.Val != "hang-loat":
				t.Errorf("<%s> %s points to %q, which is not there", n.Data, a.Key, a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#f-") && ids[a.Val[1:]] == 0:
				t.Errorf("the link %q leads nowhere", a.Val)
			}
		}
		switch n.Data {
		case "style":
			t.Error("there is a style element")
		case "script":
			if attr(n, "src") == "" {
				t.Error("there is an inline script")
			}
		case "input", "select", "textarea":
			if attr(n, "type") == "hidden" {
				return
			}
			if !labelled[attr(n, "id")] && attr(n, "aria-label") == "" && !insideLabel(n) {
				t.Errorf("<%s name=%q> has no label", n.Data, attr(n, "name"))
			}
		case "button", "a":
			if words(n) == "" && attr(n, "aria-label") == "" {
				t.Errorf("<%s> says nothing", n.Data)
			}
		case "svg":
			if attr(n, "aria-hidden") != "true" && attr(n, "aria-label") == "" {
				t.Error("a drawing is neither hidden nor named")
			}
		case "form":
			for p := n.Parent; p != nil; p = p.Parent {
				if p.Data == "form" {
					t.Error("a form stands inside a form")
				}
			}
		case "p":
			if attr(n, "class") == "error" && !described[attr(n, "id")] {
				t.Errorf("the error %q is not read with its field", words(n))
			}
		}
	})
}

func insideLabel(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" && words(p) != "" {
			return true
		}
	}
	return false
}

func staff() web.Viewer {
	return web.Viewer{SignedIn: true, Name: "Trần Văn Bình", Kind: "staff", Agency: "UBND xã", Post: "Chuyên viên", Search: "/tim", Notices: "/tb", Unread: 2, Account: "/toi", Nav: []web.NavItem{
		{Text: i18n.V("Chờ xử lý"), Href: "/thu", Icon: "folder", Count: 12, Late: 2, Hot: "g h"}, {Text: i18n.V("Thống kê"), Href: "/thong-ke"},
	}}
}

func TestGalleryIsSound(t *testing.T) {
	for _, lang := range i18n.Languages() {
		for name, viewer := range map[string]web.Viewer{"guest": {}, "citizen": {SignedIn: true, Name: "Nguyễn Thị Hoa", Kind: "citizen", Account: "/toi"}, "staff": staff()} {
			for _, which := range []string{"", "staff", "error", "home", "form", "queue", "done"} {
				t.Run(lang+"/"+name+"/"+which, func(t *testing.T) {
					doc, body := serve(t, ui.StyleGuideWith(which), lang, viewer)
					check(t, doc)
					if i := strings.Index(body, "⟦"); i >= 0 {
						t.Errorf("a word is missing: %s", body[i:min(i+60, len(body))])
					}
					if got := find(doc, func(n *html.Node) bool { return n.Data == "html" }); attr(got[0], "lang") != lang {
						t.Errorf("the page says it is in %q", attr(got[0], "lang"))
					}
				})
			}
		}
	}
}

func TestEveryAssetOfThePageExists(t *testing.T) {
	built, err := web.NewAssets(assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []web.Viewer{{}, staff()} {
		doc, _ := serve(t, ui.StyleGuideWith(""), "vi", v)
		site, err := web.New(web.Options{Assets: built})
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		var ask func(u string)
		ask = func(u string) {
			n++
			w := httptest.NewRecorder()
			site.ServeHTTP(w, httptest.NewRequest("GET", u, nil))
			if w.Code != 200 || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d, %s", u, w.Code, w.Header().Get("Cache-Control"))
			}
			if strings.HasSuffix(u, ".css") { // it names the typefaces
				for _, m := range regexp.MustCompile(`url\("?(/static/[^")]*)`).FindAllStringSubmatch(w.Body.String(), -1) {
					ask(m[1])
				}
			}
		}
		walk(doc, func(e *html.Node) {
			for _, name := range []string{"src", "href"} {
				if u := attr(e, name); strings.HasPrefix(u, "/static/") {
					ask(u)
				} else if strings.HasPrefix(u, "http") {
					t.Errorf("the page asks %s", u)
				}
			}
		})
		if n < 6 {
			t.Errorf("only %d assets", n)
		}
	}
}

func TestFirstViewIsLight(t *testing.T) {
	built, err := web.NewAssets(assets.FS())
	if err != nil {
		t.Fatal(err)
	}
	site, err := web.New(web.Options{Assets: built, Bundle: bundle(t), Routes: []web.Route{{Pattern: "GET /", Access: web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}, Handle: func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, 200, ui.SampleHome())
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	fetch := func(path string) (int, string) {
		r := httptest.NewRequest("GET", path, nil)
		r.Header.Set("Accept-Encoding", "gzip, br")
		w := httptest.NewRecorder()
		site.ServeHTTP(w, r)
		return w.Body.Len(), w.Body.String()
	}
	_, total := "", 0
	n, _ := fetch("/")
	total += n
	r := httptest.NewRecorder()
	site.ServeHTTP(r, httptest.NewRequest("GET", "/", nil))
	for _, m := range regexp.MustCompile(`(?:src|href)="(/static/[^"]+)"`).FindAllStringSubmatch(r.Body.String(), -1) {
		n, _ := fetch(m[1])
		total += n
	}
	if total > 60_000 {
		t.Errorf("the first view of a citizen's page weighs %d bytes; the house promises 100 kB, this kit 60", total)
	}
	t.Logf("first view: %d bytes, %.1f s at 256 kbit/s", total, float64(total)*8/256_000)
}

func TestNothingTypedBecomesMarkup(t *testing.T) {
	const evil = `"><script>alert(1)</script><b id='`
	f := ui.FieldProps{Name: "a", Label: evil, Help: evil, Error: evil}
	for name, c := range map[string]templ.Component{
		"input":    ui.Input(ui.InputProps{FieldProps: f, Value: evil, Prefix: evil, Suffix: evil, Source: evil}),
		"textarea": ui.Textarea(ui.TextareaProps{FieldProps: f, Value: "</textarea>" + evil}),
		"select":   ui.Select(ui.SelectProps{FieldProps: f, Options: []ui.Option{{Value: evil, Text: evil, Group: evil}}}),
		"radios":   ui.Radios(ui.RadiosProps{FieldProps: f, Options: []ui.Option{{Value: evil, Text: evil, Help: evil}}}),
		"file":     ui.FileInput(ui.FileProps{FieldProps: f, Files: []ui.UploadedFile{{ID: evil, Name: evil, State: evil}}}),
		"tag":      ui.Tag(ui.OK, evil), "code": ui.Code(evil), "muted": ui.Muted(evil), "qr": ui.QR("x", evil),
		"facts":    ui.DescriptionList([]ui.Term{{Term: evil, Value: evil, Source: evil}}),
		"timeline": ui.Timeline([]ui.Moment{{Title: evil, Body: evil, Actor: evil, At: time.Unix(0, 0)}}),
		"search":   ui.Search(ui.SearchProps{Label: evil, Value: evil, Placeholder: evil, Keep: map[string]string{evil: evil}}),
		"summary":  ui.ErrorSummary(ui.Errors{{Name: evil, Text: evil}}),
		"table":    ui.Table(ui.TableProps{Caption: evil, Columns: []ui.Column{{Text: evil}}}),
		"button":   ui.Button(ui.ButtonProps{Text: evil, Name: evil, Value: evil, Confirm: evil, Why: evil, Disabled: true}),
	} {
		doc, _ := fragment(t, c)
		if n := find(doc, func(n *html.Node) bool { return n.Data == "script" || n.Data == "b" }); len(n) > 0 {
			t.Errorf("%s lets markup through", name)
		}
	}
	doc, body := fragment(t, ui.Link(ui.LinkProps{Text: "x", Href: "javascript:alert(1)"}))
	if a := find(doc, func(n *html.Node) bool { return n.Data == "a" })[0]; strings.HasPrefix(attr(a, "href"), "javascript") {
		t.Errorf("a script address became a link: %s", body)
	}
}

func TestTypedValuesComeBack(t *testing.T) {
	f := ui.FieldProps{Name: "x", Label: "X"}
	doc, _ := fragment(t, ui.Textarea(ui.TextareaProps{FieldProps: f, Value: "\nhai\ndòng"}))
	if got := find(doc, func(n *html.Node) bool { return n.Data == "textarea" })[0]; got.FirstChild.Data != "\nhai\ndòng" {
		t.Errorf("textarea holds %q", got.FirstChild.Data)
	}
	doc, _ = fragment(t, ui.Select(ui.SelectProps{FieldProps: f, Value: "2", Options: []ui.Option{{Value: "1", Text: "Một"}, {Value: "2", Text: "Hai"}}}))
	if got := find(doc, func(n *html.Node) bool { return has(n, "selected") }); len(got) != 1 || words(got[0]) != "Hai" {
		t.Errorf("%d options selected", len(got))
	}
	doc, _ = fragment(t, ui.Checkboxes(ui.CheckboxesProps{FieldProps: f, Values: []string{"1", "3"}, Options: []ui.Option{{Value: "1", Text: "Một"}, {Value: "2", Text: "Hai"}, {Value: "3", Text: "Ba"}}}))
	if got := find(doc, func(n *html.Node) bool { return has(n, "checked") }); len(got) != 2 {
		t.Errorf("%d boxes ticked", len(got))
	}
	doc, _ = fragment(t, ui.DateInput(ui.DateProps{FieldProps: f, Value: "31/02/2026"}))
	if got := byID(doc, "f-x"); attr(got, "value") != "31/02/2026" {
		t.Errorf("date shows %q", attr(got, "value"))
	}
}

func TestFieldSaysWhatIsWrong(t *testing.T) {
	doc, _ := fragment(t, ui.Input(ui.InputProps{FieldProps: ui.FieldProps{Name: "children.2.name", Label: "Họ tên", Help: "Như trên giấy", Error: "Hãy nhập họ tên", Required: true}}))
	input := byID(doc, "f-children-2-name")
	if input == nil || attr(input, "name") != "children.2.name" {
		t.Fatal("the control is not found by its id")
	}
	if attr(input, "aria-describedby") != "f-children-2-name-help f-children-2-name-error" || attr(input, "aria-invalid") != "true" || attr(input, "aria-required") != "true" {
		t.Errorf("attributes %v", input.Attr)
	}
	if got := words(byID(doc, "f-children-2-name-error")); got != "Lỗi: Hãy nhập họ tên" {
		t.Errorf("read as %q", got)
	}
	doc, _ = fragment(t, ui.Input(ui.InputProps{FieldProps: ui.FieldProps{Name: "a", Label: "Ghi chú"}}))
	if got := words(find(doc, func(n *html.Node) bool { return n.Data == "label" })[0]); got != "Ghi chú (không bắt buộc)" {
		t.Errorf("an optional field is labelled %q", got)
	}
	if attr(byID(doc, "f-a"), "aria-invalid") != "" {
		t.Error("a good field is called invalid")
	}
}

func TestErrorsInWords(t *testing.T) {
	b, err := i18n.New(ui.Locales(), locales(`{"error.req":"Hãy nhập {label}","error.max":"Tối đa {max}","error.dossier.late":"Đã muộn"}`))
	if err != nil {
		t.Fatal(err)
	}
	ctx := i18n.WithBundle(context.Background(), b)
	labels := map[string]string{"name": "họ tên"}
	got := ui.ErrorsIn(ctx, fmt.Errorf("save: %w", errs.NewInvalid(errs.Bad("name", "req"), errs.Bad("note", "max", "max", 200))), labels)
	if got.For("name") != "Hãy nhập họ tên" || got.For("note") != "Tối đa 200" || got.For("other") != "" || len(got) != 2 {
		t.Errorf("got %+v", got)
	}
	if got := ui.ErrorsIn(ctx, errs.NewConflict("dossier.late"), nil); len(got) != 1 || got[0].Text != "Đã muộn" || got[0].Name != "" {
		t.Errorf("got %+v", got)
	}
	if got := ui.ErrorsIn(ctx, nil, nil); got != nil {
		t.Errorf("no error gives %+v", got)
	}
	if got := ui.ErrorsIn(ctx, io.EOF, nil); got != nil {
		t.Errorf("a foreign error gives words: %+v", got)
	}
	doc, _ := fragment(t, ui.ErrorSummary(ui.Errors{{Name: "a.b", Text: "Sai"}}))
	if a := find(doc, func(n *html.Node) bool { return n.Data == "a" }); len(a) != 1 || attr(a[0], "href") != "#f-a-b" {
		t.Errorf("the summary does not lead to the field")
	}
	if _, body := fragment(t, ui.ErrorSummary(nil)); strings.Contains(body, "error-summary") {
		t.Error("an empty summary is drawn")
	}
}

func TestFrameFollowsTheViewer(t *testing.T) {
	_, guest := serve(t, ui.Page(ui.PageProps{Title: "Trang"}), "vi", web.Viewer{})
	doc, officer := serve(t, ui.Page(ui.PageProps{Title: "Trang"}), "vi", staff())
	if !strings.Contains(guest, `class="citizen"`) || strings.Contains(guest, "staff.") || strings.Contains(guest, "htmx") {
		t.Error("a guest gets the staff's frame or scripts")
	}
	if !strings.Contains(officer, `class="staff"`) || !strings.Contains(officer, "/static/staff.") {
		t.Error("an officer does not get the staff's frame")
	}
	now := find(doc, func(n *html.Node) bool { return n.Data == "a" && has(n, "aria-current") })
	if len(now) != 1 || attr(now[0], "href") != "/thu" {
		t.Errorf("%d entries are current", len(now))
	}
	if got := words(now[0]); got != "Chờ xử lý 2 quá hạn 12" {
		t.Errorf("the queue reads %q", got)
	}
	if !strings.Contains(guest, "<title>Trang · Cổng thử</title>") {
		t.Error("the title lacks the name of the house")
	}
	if en := find(doc, func(n *html.Node) bool { return attr(n, "hreflang") == "en" }); len(en) != 1 || attr(en[0], "href") != "/thu/trang?lang=en" || words(en[0]) != "English" {
		t.Error("English is not one click away")
	}
	out := find(doc, func(n *html.Node) bool { return n.Data == "form" && attr(n, "action") == "/dang-xuat" })
	if len(out) != 1 || attr(out[0], "method") != "post" {
		t.Error("signing out is not a POST")
	}
}

func TestDisabledButtonSaysWhy(t *testing.T) {
	doc, _ := fragment(t, ui.Button(ui.ButtonProps{Text: "Ký số", Name: "do", Value: "sign", Disabled: true, Why: "Cần ý kiến thẩm định"}))
	b := find(doc, func(n *html.Node) bool { return n.Data == "button" })[0]
	if has(b, "disabled") || attr(b, "aria-disabled") != "true" {
		t.Error("a disabled button must stay reachable by keyboard, so that its reason is read")
	}
	if why := byID(doc, attr(b, "aria-describedby")); why == nil || words(why) != "Cần ý kiến thẩm định" {
		t.Error("the reason is not tied to the button")
	}
}

func TestTableKeepsItsMeaningAsCards(t *testing.T) {
	doc, _ := fragment(t, ui.StyleGuide(ui.StaffFrame))
	cells := find(doc, func(n *html.Node) bool { return attr(n, "role") == "cell" })
	if len(cells) == 0 {
		t.Fatal("no cells")
	}
	labelled := 0
	for _, c := range cells {
		if attr(c, "data-label") != "" {
			labelled++
		}
	}
	if labelled < len(cells)*3/4 {
		t.Errorf("%d of %d cells carry their heading", labelled, len(cells))
	}
	for _, role := range []string{"table", "rowgroup", "row", "columnheader", "rowheader"} {
		if len(find(doc, func(n *html.Node) bool { return attr(n, "role") == role })) == 0 {
			t.Errorf("role %s is missing", role)
		}
	}
}

// TestQRIsReadByAForeignReader draws the path of the SVG into an image and has it decoded.
func TestQRIsReadByAForeignReader(t *testing.T) {
	for _, want := range []string{"https://motcua.example/tra-cuu/H44.15.02-260205-0042", "Một cửa: hồ sơ số 42"} {
		_, body := fragment(t, ui.QR(want, "Mã tra cứu"))
		size := regexp.MustCompile(`viewBox="0 0 (\d+) `).FindStringSubmatch(strings.ReplaceAll(body, "viewbox", "viewBox"))
		n, err := strconv.Atoi(size[1])
		if err != nil {
			t.Fatal(err)
		}
		const scale = 4
		img := image.NewGray(image.Rect(0, 0, n*scale, n*scale))
		for i := range img.Pix {
			img.Pix[i] = 255
		}
		for _, m := range regexp.MustCompile(`M(\d+) (\d+)h(\d+)v1`).FindAllStringSubmatch(body, -1) {
			x, _ := strconv.Atoi(m[1])
			y, _ := strconv.Atoi(m[2])
			w, _ := strconv.Atoi(m[3])
			for dx := range w * scale {
				for dy := range scale {
					img.SetGray(x*scale+dx, y*scale+dy, color.Gray{0})
				}
			}
		}
		bmp, err := gozxing.NewBinaryBitmapFromImage(img)
		if err != nil {
			t.Fatal(err)
		}
		got, err := qrcode.NewQRCodeReader().Decode(bmp, map[gozxing.DecodeHintType]interface{}{gozxing.DecodeHintType_CHARACTER_SET: "UTF-8"})
		if err != nil || got.GetText() != want {
			t.Errorf("read %v, %v; want %q", got, err, want)
		}
	}
}

func TestWordsAreComplete(t *testing.T) {
	for _, fault := range i18n.Check(bundle(t)) {
		t.Error(fault)
	}
}

func TestUnknownIconDrawsNothing(t *testing.T) {
	if _, body := fragment(t, ui.Icon("no-such")); strings.Contains(body, "svg") {
		t.Error(body)
	}
	for _, name := range ui.Icons() {
		if _, body := fragment(t, ui.Icon(name)); !strings.Contains(body, "<path") && !strings.Contains(body, "<circle") {
			t.Errorf("%s is empty", name)
		}
	}
}

// locales makes a room's locale folder with the same words in both languages.
func locales(words string) fs.FS {
	return fstest.MapFS{"vi.json": {Data: []byte(words)}, "en.json": {Data: []byte(words)}}
}
