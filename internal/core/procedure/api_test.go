package procedure

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

func TestAPI(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.publish(t, shipped(t)...)
		mux := http.NewServeMux()
		api := humago.New(mux, huma.DefaultConfig("test", "1"))
		w.api(api)
		get := func(path string, into any) int {
			t.Helper()
			rec := httptest.NewRecorder()
			mux.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
			if rec.Code == http.StatusOK {
				if err := json.Unmarshal(rec.Body.Bytes(), into); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(rec.Body.String(), ":null") {
					t.Errorf("%s answers null where a list or an object belongs: %s", path, rec.Body)
				}
			}
			return rec.Code
		}
		var found struct {
			Total int
			Items []struct{ Code string }
		}
		if code := get("/api/v1/procedures?q=lam+giay+khai+sinh&limit=3", &found); code != http.StatusOK || len(found.Items) == 0 || found.Items[0].Code != birth {
			t.Errorf("search: %d %+v", code, found)
		}
		var asked struct {
			About, Part string
			Items       []struct{ Code string }
		}
		if code := get("/api/v1/procedures?q=n%E1%BB%99p+%E1%BB%9F+%C4%91%C3%A2u&after="+birth, &asked); code != http.StatusOK || asked.About != birth || asked.Part != "where" || asked.Items[0].Code != birth {
			t.Errorf("asked on: %d %+v", code, asked)
		}
		asked.About = ""
		if code := get("/api/v1/procedures?q=m%E1%BB%9F+nh%C3%A0+thu%E1%BB%91c&after="+birth, &asked); code != http.StatusOK || asked.About != "" || asked.Items[0].Code != pharmacy {
			t.Errorf("another subject: %d %+v", code, asked)
		}
		var p procedureJSON
		if code := get("/api/v1/procedures/1.001193", &p); code != http.StatusOK {
			t.Fatalf("get: %d", code)
		}
		if len(p.Channels) != 3 || p.Channels[0].Term.Amount != 1 || len(p.Cases) != 1 || len(p.Cases[0].Components) == 0 || len(p.Offers) != 6 {
			t.Errorf("procedure: %+v", p)
		}
		for _, path := range []string{"/api/v1/procedures/9.999999", "/api/v1/procedures/1.001193?on=2020-01-01"} {
			if code := get(path, &p); code == http.StatusOK {
				t.Errorf("%s: %d", path, code)
			}
		}
		if code := get("/api/v1/procedures?level=galaxy", &found); code != http.StatusUnprocessableEntity {
			t.Errorf("an unknown level: %d", code)
		}
		var fields struct{ Items []fieldJSON }
		if code := get("/api/v1/procedure-fields", &fields); code != http.StatusOK || len(fields.Items) < 6 {
			t.Errorf("fields: %d %+v", code, fields)
		}
	})
}
