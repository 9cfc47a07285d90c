package web_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"motcua/internal/platform/web"
)

// A link from outside never leads to another site.
func FuzzLocalURL(f *testing.F) {
	for _, s := range []string{"/ho-so?trang=2", "//evil.vn", "/\\evil.vn", "https://evil.vn", "/\t/evil.vn", "/%2f/evil.vn", "/..//evil.vn", "javascript:alert(1)", "/a#b", "\x00/"} {
		f.Add(s)
	}
	here, err := url.Parse("https://motcua.vn/dang-nhap")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := web.LocalURL(s)
		to, err := here.Parse(got)
		if err != nil || to.Host != here.Host || to.Scheme != here.Scheme || strings.ContainsAny(got, "\r\n") {
			t.Errorf("%q leads to %q: %v, %v", s, got, to, err)
		}
	})
}

// Bodies and headers of any kind end in values or in an error, and the address of
// whoever asks is one.
func FuzzRequest(f *testing.F) {
	f.Add("a=b&c=%zz", "application/x-www-form-urlencoded", "10.0.0.1, 1.2.3.4", `{"a":1}`)
	f.Add("--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"b.pdf\"\r\nContent-Type: application/pdf\r\n\r\n%PDF\r\n--x--\r\n", "multipart/form-data; boundary=x", "", "{}{}")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"tên\"\r\n\r\ný\r\n--x", "multipart/form-data; boundary=x", ",,,", "[")
	f.Add("", "multipart/form-data", "::1%eth0", "")
	f.Fuzz(func(t *testing.T, body, kind, hops, text string) {
		request := func(content string) *http.Request {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(content))
			r.Header["Content-Type"], r.Header["X-Forwarded-For"] = []string{kind}, []string{hops}
			return r
		}
		if ip := web.ClientIP(request("")); ip.String() != "192.0.2.1" { // no proxy is trusted here
			t.Errorf("%q makes %s of the visitor", hops, ip)
		}
		_, _ = web.Form(request(body))
		_, _ = web.Upload(request(body), func(file web.File) error {
			if strings.ContainsAny(file.Name, "\x00") {
				t.Errorf("a file is called %q", file.Name)
			}
			_, err := io.Copy(io.Discard, file.Body)
			return err
		})
		var into struct {
			A int
			B map[string]any
		}
		_ = web.ReadJSON(request(text), &into)
	})
}
