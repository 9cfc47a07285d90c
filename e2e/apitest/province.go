package apitest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/internal/platform/id"
)

// What the demo province offers to those who drive it from outside.

// Account is one line of demo-accounts.json.
type Account struct {
	Login    string `json:"login"`
	Password string `json:"password"`
	Role     string `json:"role"`
	Agency   string `json:"agency"`
	Name     string `json:"name"`
}

// Cast is who plays in the ward of the demo.
type Cast struct {
	Citizens                                    []Account
	Clerk, Officer, Leader, Records, OtherClerk Account
}

// Accounts reads the accounts of the demo.
func Accounts(t T, dir string) []Account {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "demo-accounts.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []Account
	if err := json.Unmarshal(text, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// CastOf finds who plays in the ward of the demo.
func CastOf(t T, dir string) (c Cast) {
	t.Helper()
	for _, a := range Accounts(t, dir) {
		if a.Login == "" || a.Password == "" || a.Role == "" {
			t.Errorf("an account without login, password or role: %+v", a)
		}
		switch {
		case a.Role == "citizen":
			c.Citizens = append(c.Citizens, a)
		case a.Agency == "H64.31" && a.Role == "counter_clerk":
			c.Clerk = a
		case a.Login == "chuyenvien":
			c.Officer = a
		case a.Agency == "H64.31" && a.Role == "leader":
			c.Leader = a
		case a.Agency == "H64.31" && a.Role == "records_clerk":
			c.Records = a
		case a.Agency == "H64.32" && a.Role == "counter_clerk":
			c.OtherClerk = a
		}
	}
	if len(c.Citizens) < 5 || c.Clerk.Login == "" || c.Officer.Login == "" || c.Leader.Login == "" || c.Records.Login == "" || c.OtherClerk.Login == "" {
		t.Fatalf("the demo lacks somebody: %d citizens, %+v", len(c.Citizens), c)
	}
	return c
}

// Child is a name that no other dossier has, spelt in syllables.
func Child(n int) string {
	syllables := []string{"An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Khánh", "Linh", "Minh", "Nga", "Oanh", "Phúc", "Quân", "Sơn", "Thảo", "Uyên"}
	name := "Trịnh Thử"
	for range 5 {
		name += " " + syllables[n%16]
		n /= 16
	}
	return name
}

// BirthTitle is how the dossier of a child is called.
func BirthTitle(child string) string { return "Đăng ký khai sinh cho " + child }

// Declaration is a filing of a birth registration for one child, by its mother.
func Declaration(offer, mother, number, child, file string) map[string]any {
	place := map[string]any{"province": "01", "commune": "00004", "line": "Số 7 ngõ Canh Gác"}
	filing := map[string]any{
		"offer": offer, "case": "default", "delivery": map[string]any{"by": "online"},
		"answers": map[string]any{
			"requester_name": mother, "requester_no": number, "requester_phone": "0977123456", "relation": "mother",
			"child_name": child, "child_gender": "female", "child_birth": time.Now().AddDate(0, 0, -12).Format(time.DateOnly), "born_at": "facility",
			"facility": "Bệnh viện Canh Gác", "birth_place": place, "home_place": place, "child_ethnic": "01", "child_nationality": "VN",
			"mother_name": mother, "mother_no": number, "mother_birth": "1990", "married": true, "father_declared": false, "copies": 0, "exempt": "none", "sworn": true,
		},
	}
	if file != "" {
		filing["papers"] = []map[string]any{{"code": "birth_notice", "file_ids": []string{file}}}
	}
	return filing
}

// PDF is a small one, different for every text.
func PDF(text string) []byte {
	return []byte("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n% " + text + "\ntrailer<</Root 1 0 R>>\n%%EOF\n")
}

// Upload hands a paper in and gives its id.
func Upload(t T, c *Client, content []byte) string {
	t.Helper()
	var f struct{ ID string }
	c.Post(t, "/api/v1/files?name=giay-chung-sinh.pdf", id.New(), content, &f)
	if f.ID == "" {
		t.Fatal("a file without an id")
	}
	return f.ID
}

// OfferOf finds where a procedure is offered by an agency over a channel.
func OfferOf(t T, c *Client, code, channel, agency string) string {
	t.Helper()
	var p struct {
		Offers []struct {
			ID         string
			AgencyName string `json:"agency_name"`
			Channel    string
		}
	}
	c.Get(t, "/api/v1/procedures/"+code, &p)
	for _, o := range p.Offers {
		if o.Channel == channel && strings.Contains(o.AgencyName, agency) {
			return o.ID
		}
	}
	t.Fatalf("nobody offers %s %s at %s: %+v", code, channel, agency, p.Offers)
	return ""
}

// Mine are the dossiers of whoever asks: numbers by title.
func Mine(t T, c *Client) (byTitle map[string][]string) {
	t.Helper()
	byTitle = map[string][]string{}
	for after := ""; ; {
		var page struct {
			Dossiers []struct{ Number, Title string }
			Next     string
		}
		c.Get(t, "/api/v1/dossiers?limit=100&after="+url.QueryEscape(after), &page)
		for _, d := range page.Dossiers {
			byTitle[d.Title] = append(byTitle[d.Title], d.Number)
		}
		if after = page.Next; after == "" {
			return byTitle
		}
	}
}

// Ready waits until the house answers that it is ready, and says how long that took.
func Ready(base string, most time.Duration) (time.Duration, error) {
	began := time.Now()
	for {
		res, err := http.Get(base + "/readyz") //nolint:noctx // bounded by most
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return time.Since(began), nil
			}
			err = fmt.Errorf("status %d", res.StatusCode)
		}
		if time.Since(began) > most {
			return 0, fmt.Errorf("not ready after %s: %w", most, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Dossier is one as programs see it.
type Dossier struct {
	Number, Title, Owner, Stage, Step string
	Status                            int
	Version                           int64
	Answers                           map[string]any
	Papers                            []struct {
		Code  string
		Files []string `json:"file_ids"`
	}
	Actions []struct {
		ID      string
		TaskID  string `json:"task_id"`
		Needs   []string
		Blocked string
	}
	Timeline []struct{ Type, Title string }
	Result   *struct {
		Register, Number, State string
		DocumentID              string `json:"document_id"`
	}
}

// May reports whether an action is offered.
func (d Dossier) May(action string) bool {
	for _, a := range d.Actions {
		if a.ID == action && a.Blocked == "" {
			return true
		}
	}
	return false
}
