package files

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"motcua/internal/platform/blob"
)

// What a client says about a file that it will send in pieces is refused or makes sense.
func FuzzPiecesHeaders(f *testing.F) {
	f.Add("1.0.0", "12345", "", "filename Z2lheS50eHQ=,type dGV4dA==")
	f.Add("1.0.0", "", "1", "filename")
	f.Add("1.0.0", "-1", "2", "name ====")
	f.Add("0.2.2", "99999999999999999999", "", ",,, ,")
	f.Add("", "+5", "", "filename AA==")
	f.Fuzz(func(t *testing.T, version, length, later, meta string) {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/tep", nil)
		for name, v := range map[string]string{"Tus-Resumable": version, "Upload-Length": length, "Upload-Defer-Length": later, "Upload-Metadata": meta} {
			if v != "" {
				r.Header[name] = []string{v}
			}
		}
		var up blob.Upload
		if err := tusBegin(httptest.NewRecorder(), r, &up); err != nil {
			return
		}
		if up.Size < -1 || up.Size == -1 && later != "1" {
			t.Errorf("a file of %d bytes", up.Size)
		}
		uploadHeaders(httptest.NewRecorder(), up)
	})
}
