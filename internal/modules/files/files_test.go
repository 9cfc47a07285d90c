package files_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"motcua/internal/core/identity"
	"motcua/internal/modules/files"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
	"motcua/internal/platform/web"
)

const pdf = "%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"

// readers says who may read what claims a file.
type readers map[string]string // account → stream

func (r readers) MayRead(ctx context.Context, _ blob.File, streams []string) error {
	for _, s := range streams {
		if r[identity.From(ctx).AccountID] == s {
			return nil
		}
	}
	return errs.NewNotFound("dossier.not-found")
}

// house is the room behind a real server.
type house struct {
	*httptest.Server
	files *blob.Files
	db    *sqldb.DB
}

func open(t *testing.T, opt blob.Options) *house {
	t.Helper()
	db := sqldbtest.SQLite(t, blob.Line())
	store, err := blob.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h := &house{files: blob.NewFiles(db, store, opt), db: db}
	m := files.New(files.Deps{Files: h.files, Access: readers{"officer": "dossier:1"}}).Module()
	words, err := i18n.New(web.Locales(), blob.Locales(), m.Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, hole := range i18n.Check(words) {
		t.Error(hole)
	}
	mux := http.NewServeMux()
	m.API(humago.New(mux, huma.DefaultConfig("test", "1")))
	site, err := web.New(web.Options{
		Routes: m.Routes, Bundle: words,
		Mounts: []web.Mount{{Pattern: "/api/", Access: identity.Anyone, Handler: mux, MaxBody: -1, Timeout: -1}},
		Middleware: []func(http.Handler) http.Handler{func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if who := r.Header.Get("X-Who"); who != "" {
					kind := identity.KindCitizen
					if strings.HasPrefix(who, "officer") {
						kind = identity.KindStaff
					}
					r = r.WithContext(identity.With(r.Context(), identity.Actor{AccountID: who, Kind: kind}))
				}
				next.ServeHTTP(w, r)
			})
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.Server = httptest.NewServer(site)
	t.Cleanup(h.Close)
	h.Client().CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return h
}

// do sends a request as somebody; headers are pairs.
func (h *house) do(t *testing.T, who, method, path string, body io.Reader, headers ...string) (answer, string) {
	t.Helper()
	r, err := http.NewRequest(method, h.URL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Who", who)
	r.Header.Set("Accept", "application/json")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := h.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	if resp.StatusCode >= 400 && len(b) > 1000 {
		b = b[:1000] // an error that quotes a whole file helps nobody
	}
	return answer{resp.StatusCode, resp.Header, resp.ContentLength}, string(b)
}

// answer is what there is besides the body.
type answer struct {
	StatusCode    int
	Header        http.Header
	ContentLength int64
}

func fields(t *testing.T, body string) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal([]byte(body), &m); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return m
}

func (h *house) save(t *testing.T, who, name, content string) blob.File {
	t.Helper()
	f, err := h.files.Save(context.Background(), name, who, strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func (h *house) claim(t *testing.T, stream string, f blob.File) {
	t.Helper()
	if err := h.db.Tx(context.Background(), func(tx *sqldb.Tx) error { return h.files.Claim(context.Background(), tx, stream, f.ID) }); err != nil {
		t.Fatal(err)
	}
}

var octets = []string{"Content-Type", "application/octet-stream", "Upload-Offset"}

func TestTheScriptsProtocol(t *testing.T) {
	h := open(t, blob.Options{})
	resp, body := h.do(t, "hoa", "POST", "/tep", strings.NewReader(`{"name":"Giấy khai sinh.pdf","size":`+strconv.Itoa(len(pdf))+`}`), "Content-Type", "application/json")
	if resp.StatusCode != http.StatusCreated {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	id := fields(t, body)["id"].(string)
	if loc := resp.Header.Get("Location"); loc != "/tep/"+id {
		t.Error(loc)
	}
	piece := func(who string, at int, content string) (int, string) {
		resp, body := h.do(t, who, "PATCH", "/tep/"+id, strings.NewReader(content), append(octets, strconv.Itoa(at))...)
		return resp.StatusCode, body
	}
	if code, body := piece("hoa", 0, pdf[:30]); code != http.StatusOK || fields(t, body)["offset"] != 30.0 {
		t.Errorf("%d %s", code, body)
	}
	if code, body := piece("hoa", 0, pdf[:30]); code != http.StatusOK || fields(t, body)["offset"] != 30.0 {
		t.Errorf("the same piece again: %d %s", code, body)
	}
	if code, _ := piece("hoa", 50, pdf[50:]); code != http.StatusConflict {
		t.Errorf("a gap: %d", code)
	}
	if code, _ := piece("nam", 30, pdf[30:]); code != http.StatusNotFound {
		t.Errorf("a stranger: %d", code)
	}
	if resp, _ := h.do(t, "hoa", "HEAD", "/tep/"+id, nil); resp.StatusCode != http.StatusOK || resp.Header.Get("Upload-Offset") != "30" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("head: %d %v", resp.StatusCode, resp.Header)
	}
	if resp, _ := h.do(t, "hoa", "POST", "/tep/"+id+"/xong", nil); resp.StatusCode != http.StatusConflict {
		t.Errorf("too early: %d", resp.StatusCode)
	}
	if code, body := piece("hoa", 30, pdf[30:]); code != http.StatusOK || fields(t, body)["offset"] != float64(len(pdf)) {
		t.Errorf("%d %s", code, body)
	}
	var first string
	for range 2 {
		resp, body = h.do(t, "hoa", "POST", "/tep/"+id+"/xong", nil)
		got := fields(t, body)
		if resp.StatusCode != http.StatusOK || got["name"] != "Giấy khai sinh.pdf" || got["size"] != float64(len(pdf)) || got["type"] != blob.PDF {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		if first == "" {
			first = body
		}
		if body != first {
			t.Errorf("finished again: %s", body)
		}
	}
	if _, got := h.do(t, "hoa", "GET", fields(t, first)["href"].(string), nil); got != pdf {
		t.Errorf("downloaded %q", got)
	}
}

func TestRefusalsSpeakToThePerson(t *testing.T) {
	h := open(t, blob.Options{MaxFile: 1000})
	send := func(content string) (int, string) {
		resp, body := h.do(t, "hoa", "POST", "/tep", strings.NewReader(`{"name":"a.pdf","size":`+strconv.Itoa(len(content))+`}`))
		if resp.StatusCode != http.StatusCreated {
			return resp.StatusCode, body
		}
		id := fields(t, body)["id"].(string)
		h.do(t, "hoa", "PATCH", "/tep/"+id, strings.NewReader(content), append(octets, "0")...)
		resp, body = h.do(t, "hoa", "POST", "/tep/"+id+"/xong", nil)
		return resp.StatusCode, body
	}
	for _, c := range []struct {
		content string
		status  int
		words   string
	}{
		{"MZ program", 422, "chương trình máy tính"},
		{"", 422, "trống"},
		{strings.Repeat("a", 1001), 413, "lớn hơn 1 MB"},
	} {
		status, body := send(c.content)
		if got := fields(t, body); status != c.status || !strings.Contains(fmt.Sprint(got["detail"]), c.words) {
			t.Errorf("%.10q: %d %s", c.content, status, body)
		}
	}
	for _, bad := range [][]string{{"Upload-Offset", "x", "Content-Type", "application/octet-stream"}, {"Upload-Offset", "0", "Content-Type", "text/html"}, {}} {
		if resp, _ := h.do(t, "hoa", "PATCH", "/tep/x", strings.NewReader("a"), bad...); resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%v: %d", bad, resp.StatusCode)
		}
	}
	if resp, _ := h.do(t, "", "POST", "/tep", strings.NewReader(`{"name":"a","size":1}`)); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", resp.StatusCode)
	}
}

func TestTusClientsAreAtHome(t *testing.T) {
	h := open(t, blob.Options{})
	v := []string{"Tus-Resumable", "1.0.0"}
	resp, _ := h.do(t, "hoa", "OPTIONS", "/tep", nil)
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Tus-Version") != "1.0.0" || !strings.Contains(resp.Header.Get("Tus-Extension"), "creation") || resp.Header.Get("Tus-Max-Size") != strconv.Itoa(50<<20) {
		t.Errorf("options: %d %v", resp.StatusCode, resp.Header)
	}
	meta := "filename " + base64.StdEncoding.EncodeToString([]byte("Đơn.pdf")) + ",filetype " + base64.StdEncoding.EncodeToString([]byte("text/html"))
	resp, _ = h.do(t, "hoa", "POST", "/tep", nil, append(v, "Upload-Length", strconv.Itoa(len(pdf)), "Upload-Metadata", meta)...)
	at := resp.Header.Get("Location")
	if resp.StatusCode != http.StatusCreated || at == "" || resp.Header.Get("Tus-Resumable") != "1.0.0" || resp.Header.Get("Upload-Expires") == "" {
		t.Fatalf("create: %d %v", resp.StatusCode, resp.Header)
	}
	patch := func(offset int, content string, more ...string) answer {
		resp, _ := h.do(t, "hoa", "PATCH", at, strings.NewReader(content), append(append(v, "Content-Type", "application/offset+octet-stream", "Upload-Offset", strconv.Itoa(offset)), more...)...)
		return resp
	}
	if resp := patch(0, pdf[:10]); resp.StatusCode != http.StatusNoContent || resp.Header.Get("Upload-Offset") != "10" {
		t.Errorf("patch: %d %v", resp.StatusCode, resp.Header)
	}
	if resp := patch(99, "x"); resp.StatusCode != http.StatusConflict {
		t.Errorf("offset: %d", resp.StatusCode)
	}
	if resp := patch(10, "x", "Tus-Resumable", "0.2.2"); resp.StatusCode == http.StatusNoContent || resp.Header.Get("Tus-Version") != "1.0.0" {
		t.Errorf("version: %d %v", resp.StatusCode, resp.Header)
	}
	resp, _ = h.do(t, "hoa", "HEAD", at, nil, v...)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Upload-Offset") != "10" || resp.Header.Get("Upload-Length") != strconv.Itoa(len(pdf)) {
		t.Errorf("head: %d %v", resp.StatusCode, resp.Header)
	}
	if resp := patch(10, pdf[10:]); resp.StatusCode != http.StatusNoContent {
		t.Errorf("patch: %d", resp.StatusCode)
	}
	if _, body := h.do(t, "hoa", "POST", at+"/xong", nil); fields(t, body)["name"] != "Đơn.pdf" || fields(t, body)["type"] != blob.PDF {
		t.Error(body)
	}
	resp, _ = h.do(t, "hoa", "POST", "/tep", nil, append(v, "Upload-Defer-Length", "1")...)
	at = resp.Header.Get("Location")
	if resp, _ := h.do(t, "nam", "DELETE", at, nil, v...); resp.StatusCode != http.StatusNotFound {
		t.Errorf("a stranger deletes: %d", resp.StatusCode)
	}
	if resp, _ := h.do(t, "hoa", "DELETE", at, nil, v...); resp.StatusCode != http.StatusNoContent {
		t.Errorf("delete: %d", resp.StatusCode)
	}
	if resp, _ := h.do(t, "hoa", "HEAD", at, nil, v...); resp.StatusCode != http.StatusNotFound {
		t.Errorf("deleted: %d", resp.StatusCode)
	}
}

func form(t *testing.T, next string, contents ...string) (io.Reader, string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i, c := range contents {
		part, err := w.CreateFormFile("file", fmt.Sprintf("tờ %d.pdf", i))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(part, c); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.WriteField("next", next); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return &b, w.FormDataContentType()
}

func TestAPlainFormWorksWithoutScript(t *testing.T) {
	h := open(t, blob.Options{})
	body, kind := form(t, "/nop/nhap-1?buoc=giay-to", pdf, pdf+" ")
	resp, _ := h.do(t, "hoa", "POST", "/tep", body, "Content-Type", kind, "Accept", "text/html")
	u, err := url.Parse(resp.Header.Get("Location"))
	if err != nil || resp.StatusCode != http.StatusSeeOther || u.Path != "/nop/nhap-1" || u.Query().Get("buoc") != "giay-to" || len(u.Query()["tep"]) != 2 {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	if f, err := h.files.Get(context.Background(), u.Query()["tep"][1]); err != nil || f.Owner != "hoa" || f.Name != "tờ 1.pdf" {
		t.Errorf("%+v, %v", f, err)
	}
	// A link that leads away does not.
	body, kind = form(t, "https://lua-dao.example/", pdf)
	if resp, _ := h.do(t, "hoa", "POST", "/tep", body, "Content-Type", kind, "Accept", "text/html"); !strings.HasPrefix(resp.Header.Get("Location"), "/?") {
		t.Errorf("%v", resp.Header)
	}
	body, kind = form(t, "/", pdf, "MZ program")
	if resp, _ := h.do(t, "hoa", "POST", "/tep", body, "Content-Type", kind); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%d", resp.StatusCode)
	}
	body, kind = form(t, "/")
	if resp, _ := h.do(t, "hoa", "POST", "/tep", body, "Content-Type", kind); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("no file: %d", resp.StatusCode)
	}
	body, kind = form(t, "/", strings.Split(strings.Repeat(pdf+"|", 21), "|")[:21]...)
	if resp, _ := h.do(t, "hoa", "POST", "/tep", body, "Content-Type", kind); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("21 files: %d", resp.StatusCode)
	}
}

func TestACutLineKeepsWhatCame(t *testing.T) {
	h := open(t, blob.Options{})
	_, body := h.do(t, "hoa", "POST", "/tep", strings.NewReader(`{"name":"a.txt","size":100000}`))
	id := fields(t, body)["id"].(string)
	conn, err := net.Dial("tcp", strings.TrimPrefix(h.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "PATCH /tep/%s HTTP/1.1\r\nHost: x\r\nX-Who: hoa\r\nContent-Type: application/octet-stream\r\nUpload-Offset: 0\r\nContent-Length: 100000\r\n\r\n%s",
		id, strings.Repeat("a", 40_000)); err != nil {
		t.Fatal(err)
	}
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	for range 1000 { // a busy machine takes its time
		resp, _ := h.do(t, "hoa", "HEAD", "/tep/"+id, nil)
		if resp.Header.Get("Upload-Offset") == "40000" {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the first 40000 bytes are lost")
}

func TestWhoMayRead(t *testing.T) {
	h := open(t, blob.Options{})
	mine, held, office := h.save(t, "hoa", "a.pdf", pdf), h.save(t, "hoa", "b.pdf", pdf), h.save(t, "officer2", "c.pdf", pdf)
	h.claim(t, "dossier:1", held)
	h.claim(t, "dossier:1", office)
	for _, c := range []struct {
		who  string
		file blob.File
		want int
	}{
		{"hoa", mine, 200}, {"officer", mine, 404}, {"nam", mine, 404},
		{"hoa", held, 200}, {"officer", held, 200}, {"officer2", held, 404}, {"nam", held, 404},
		// What an officer brought belongs to the dossier, not to the officer who moved on.
		{"officer", office, 200}, {"officer2", office, 404}, {"hoa", office, 404},
	} {
		resp, body := h.do(t, c.who, "GET", files.Href(c.file), nil)
		if resp.StatusCode != c.want {
			t.Errorf("%s reads %s: %d", c.who, c.file.Name, resp.StatusCode)
		}
		if c.want == http.StatusNotFound {
			// Not allowed looks exactly like not there, in page and API.
			none, absent := h.do(t, c.who, "GET", "/tep/0198c2f1-7a3b-7c4d-8e5f-000000000000/a.pdf", nil)
			a, b := fields(t, body), fields(t, absent)
			delete(a, "instance")
			delete(b, "instance")
			if none.StatusCode != http.StatusNotFound || a["detail"] != b["detail"] || a["code"] != b["code"] {
				t.Errorf("%s can tell the difference:\n%s\n%s", c.who, body, absent)
			}
		}
		for _, path := range []string{"", "/content"} {
			resp, _ := h.do(t, c.who, "GET", "/api/v1/files/"+c.file.ID+path, nil)
			if (resp.StatusCode == http.StatusOK) != (c.want == http.StatusOK) {
				t.Errorf("%s reads %s by API: %d", c.who, c.file.Name, resp.StatusCode)
			}
		}
	}
	if resp, _ := h.do(t, "", "GET", files.Href(mine), nil); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("nobody: %d", resp.StatusCode)
	}
}

func TestWhatBrowsersAreTold(t *testing.T) {
	h := open(t, blob.Options{})
	png := "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00\x3a\x7e\x9b\x55"
	for _, c := range []struct{ name, content, kind, how string }{
		{"Giấy khai sinh (bản sao).pdf", pdf, "application/pdf", `inline; filename="Giay khai sinh (ban sao).pdf"; filename*=utf-8''Gi%E1%BA%A5y%20khai%20sinh%20%28b%E1%BA%A3n%20sao%29.pdf`},
		{"a.png", png, "image/png", `inline; filename="a.png"`},
		{"ghi chú.txt", strings.Repeat("xin chào ", 1000), "text/plain; charset=utf-8", `attachment; filename="ghi chu.txt"; filename*=utf-8''ghi%20ch%C3%BA.txt`},
	} {
		f := h.save(t, "hoa", c.name, c.content)
		resp, body := h.do(t, "hoa", "GET", files.Href(f), nil)
		if resp.StatusCode != http.StatusOK || body != c.content {
			t.Fatalf("%s: %d", c.name, resp.StatusCode)
		}
		for header, want := range map[string]string{"Content-Type": c.kind, "Content-Disposition": c.how, "X-Content-Type-Options": "nosniff", "Cache-Control": "private, no-store", "ETag": `"` + f.Hash + `"`} {
			if got := resp.Header.Get(header); got != want {
				t.Errorf("%s: %s: %s\nwant %s", c.name, header, got, want)
			}
		}
		csp := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "script-src") || !strings.Contains(csp, "frame-ancestors 'self'") {
			t.Errorf("%s: %s", c.name, csp)
		}
		if resp, _ := h.do(t, "hoa", "GET", files.Href(f)+"?tai-ve", nil); !strings.HasPrefix(resp.Header.Get("Content-Disposition"), "attachment") {
			t.Errorf("%s: %v", c.name, resp.Header)
		}
		if resp, body := h.do(t, "hoa", "HEAD", files.Href(f), nil); resp.StatusCode != http.StatusOK || body != "" || c.kind != "text/plain; charset=utf-8" && resp.ContentLength != f.Size {
			t.Errorf("%s: head %d %d", c.name, resp.StatusCode, resp.ContentLength)
		}
	}
}

func TestADownloadGoesOnWhereItStopped(t *testing.T) {
	h := open(t, blob.Options{})
	f := h.save(t, "hoa", "a.pdf", pdf)
	resp, body := h.do(t, "hoa", "GET", files.Href(f), nil, "Range", "bytes=10-19")
	if resp.StatusCode != http.StatusPartialContent || body != pdf[10:20] || resp.Header.Get("Content-Range") != fmt.Sprintf("bytes 10-19/%d", len(pdf)) {
		t.Errorf("%d %q %v", resp.StatusCode, body, resp.Header)
	}
	if resp, body := h.do(t, "hoa", "GET", files.Href(f), nil, "Range", "bytes=10-", "If-Range", `"`+f.Hash+`"`); resp.StatusCode != http.StatusPartialContent || body != pdf[10:] {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	if resp, body := h.do(t, "hoa", "GET", files.Href(f), nil, "Range", "bytes=10-", "If-Range", `"another"`); resp.StatusCode != http.StatusOK || body != pdf {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	if resp, _ := h.do(t, "hoa", "GET", files.Href(f), nil, "Range", "bytes=9999-"); resp.StatusCode != http.StatusRequestedRangeNotSatisfiable {
		t.Errorf("%d", resp.StatusCode)
	}
}

func TestProgramsUpload(t *testing.T) {
	h := open(t, blob.Options{})
	big := pdf + strings.Repeat("%", 3<<20) + "\n%%EOF\n" // more than any limit on ordinary requests
	sum := sha256.Sum256([]byte(big))
	var first string
	for range 2 {
		resp, body := h.do(t, "hoa", "POST", "/api/v1/files?name="+url.QueryEscape("Đơn.pdf"), strings.NewReader(big), "Content-Type", "application/octet-stream", "Idempotency-Key", "khoa-0001")
		got := fields(t, body)
		if resp.StatusCode != http.StatusCreated || got["hash"] != hex.EncodeToString(sum[:]) || got["name"] != "Đơn.pdf" || got["scan"] != "quarantined" {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		if first == "" {
			first = got["id"].(string)
		}
		if got["id"] != first {
			t.Error("the same key made another file")
		}
	}
	body, kind := form(t, "", pdf)
	resp, text := h.do(t, "hoa", "POST", "/api/v1/files", body, "Content-Type", kind, "Idempotency-Key", "khoa-0002")
	if got := fields(t, text); resp.StatusCode != http.StatusCreated || got["name"] != "tờ 0.pdf" || got["size"] != float64(len(pdf)) {
		t.Errorf("%d %s", resp.StatusCode, text)
	}
	if resp, _ := h.do(t, "hoa", "POST", "/api/v1/files", strings.NewReader(pdf), "Content-Type", "application/octet-stream"); resp.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("without a key: %d", resp.StatusCode)
	}
	if resp, got := h.do(t, "hoa", "GET", "/api/v1/files/"+first+"/content", nil, "Range", "bytes=0-7"); resp.StatusCode != http.StatusPartialContent || got != pdf[:8] {
		t.Errorf("%d %q", resp.StatusCode, got)
	}
}
