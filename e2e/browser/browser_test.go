package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
)

// TestAPersonCanBeTrusted drives a small page with and without JavaScript: what
// the journeys rely on must itself be shown to work, and to fail.
func TestAPersonCanBeTrusted(t *testing.T) {
	b, err := Start()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	defer b.Close()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `<!doctype html><meta charset=utf-8><title>x</title><form method=post enctype="multipart/form-data" action=/done>
<label for=a>Họ và tên</label><input id=a name=a value=cũ><label for=b>Nơi sinh</label><select id=b name=b><option value=1>Hà Nội<option value=2>Huế</select>
<label><input type=radio name=c value=nam> Nam</label><label><input type=radio name=c value=nu> Nữ</label>
<label for=f>Giấy tờ</label><input type=file id=f name=f><button>Gửi hồ sơ</button></form><p id=js></p><script>document.getElementById("js").textContent="có script"</script>`)
	})
	mux.HandleFunc("POST /done", func(w http.ResponseWriter, r *http.Request) {
		_, head, err := r.FormFile("f")
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		fmt.Fprintf(w, `<!doctype html><meta charset=utf-8><p>%s/%s/%s/%s`, r.FormValue("a"), r.FormValue("b"), r.FormValue("c"), head.Filename)
	})
	srv := httptest.NewServer(mux)
	defer srv.Close()
	file := filepath.Join(t.TempDir(), "giay.txt")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, noScript := range []bool{false, true} {
		t.Run(fmt.Sprintf("noScript=%v", noScript), func(t *testing.T) {
			p := b.Person(t, srv.URL, Options{Name: "Lan", NoScript: noScript})
			p.Visit("/")
			if noScript {
				p.SeesNot("có script")
			} else {
				p.Sees("có script")
			}
			p.Fill("Họ và tên", "Đặng Thị Hường")
			p.Fill("Nơi sinh", "Huế")
			p.Choose("Nữ")
			p.Attach("Giấy tờ", file)
			if w := p.Weight(); w < 100 || w > 5000 {
				t.Errorf("the page weighs %d bytes, which cannot be", w)
			}
			p.Press("Gửi hồ sơ")
			p.Sees("Đặng Thị Hường/2/nu/giay.txt")
			if p.Path() != "/done" {
				t.Errorf("at %s, want /done", p.Path())
			}
			if p.Has("Gửi hồ sơ") {
				t.Error("finds a button that is not there")
			}
		})
	}
}
