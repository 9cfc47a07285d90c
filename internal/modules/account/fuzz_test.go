package account

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A form whose writer was signed out is kept as it was typed, whatever was sent.
func FuzzParkedForm(f *testing.F) {
	f.Add("a=b&a=c&=x&%zz=1&ten=%C3%BD", "application/x-www-form-urlencoded")
	f.Add("--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nb\r\n--x\r\nContent-Disposition: form-data; name=\"f\"; filename=\"c.pdf\"\r\n\r\nd\r\n--x--\r\n", "multipart/form-data; boundary=x")
	f.Add("--x\r\n", "multipart/form-data; boundary=x")
	f.Add("a", "text/plain;;;")
	f.Fuzz(func(t *testing.T, body, kind string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/nop?x=1", strings.NewReader(body))
		r.Header["Content-Type"] = []string{kind}
		p, err := readForm(r)
		if err == nil && (len(p.Fields) == 0 || p.Path != "/nop?x=1") {
			t.Errorf("kept is %+v", p)
		}
		kept := 0
		for _, field := range p.Fields {
			kept += len(field[1])
		}
		if kept > len(body) {
			t.Errorf("%d bytes are kept of %d", kept, len(body))
		}
	})
}
