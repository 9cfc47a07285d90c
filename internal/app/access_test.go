package app

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"motcua/internal/core/identity"
	"motcua/internal/core/identity/identitytest"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb/sqldbtest"
)

var update = flag.Bool("update", false, "write testdata/access.txt again")

// persona is somebody who tries every door.
type persona struct {
	name  string
	token string // "" is a visitor
	ctx   context.Context
}

// personas are a visitor, a citizen, and a member of staff for each shipped role,
// at a commune and, for those who watch over the whole, at the province.
func personas(t *testing.T, a *App) []persona {
	t.Helper()
	// The clock of this house is the real one; accounts and posts begin today.
	h := &identitytest.House{DB: a.db, Journal: a.Rooms.Journal, Org: a.Rooms.Org, Identity: a.Rooms.Identity}
	if err := a.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	province := h.Agency(t, "H56", "UBND tỉnh Mẫu", "")
	commune := h.Agency(t, "H56.15", "UBND xã Mẫu", province.ID)
	all := []persona{{name: "visitor", ctx: context.Background()}}
	add := func(name, login, accountID string) {
		key, _, err := a.CreateToken(t.Context(), login, "matrix", 1)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, persona{name: name, token: key, ctx: h.As(t, accountID)})
	}
	c := h.Citizen(t, "001090000018", "Nguyễn Thị Mẫu")
	add("citizen", c.Login, c.ID)
	for _, r := range identity.ShippedRoles() {
		s := h.Staff(t, "mau."+strings.ReplaceAll(r.Code, "_", "."), "Trần Văn Mẫu", commune, r.Code)
		add(r.Code, s.Login, s.ID)
	}
	for _, role := range []string{"admin", "auditor"} {
		s := h.Staff(t, "tinh."+role, "Lê Văn Mẫu", province, role)
		add("province "+role, s.Login, s.ID)
	}
	return all
}

// The matrix of routes and people stands in testdata/access.txt. A new route, or
// a rule that changes, changes the file, and a reviewer sees it:
//
//	go test ./internal/app -run TestAccessMatrix -update
func TestAccessMatrix(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	people := personas(t, a)
	var b strings.Builder
	b.WriteString("# Who may: + yes, . not found, ! sign in first. Columns:")
	for _, p := range people {
		b.WriteString(" " + strings.ReplaceAll(p.name, " ", "-"))
	}
	b.WriteByte('\n')
	for _, r := range a.Site().Routes() {
		for _, p := range people {
			switch err := r.Access.Check(p.ctx); {
			case err == nil:
				b.WriteByte('+')
			case errs.Is(err, errs.Unauthenticated):
				b.WriteByte('!')
			case errs.Is(err, errs.NotFound):
				b.WriteByte('.')
			default:
				t.Errorf("%s refuses %s with %v: a refusal is not found, or sign in first", r.Pattern, p.name, err)
			}
		}
		fmt.Fprintf(&b, "  %s  [%s]\n", r.Pattern, r.Access.Name)
	}
	file := filepath.Join("testdata", "access.txt")
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		have := strings.Split(string(want), "\n")
		for _, line := range strings.Split(got, "\n") {
			if !slices.Contains(have, line) {
				t.Errorf("new or changed: %s", line)
			}
		}
		now := strings.Split(got, "\n")
		for _, line := range have {
			if !slices.Contains(now, line) {
				t.Errorf("gone or changed: %s", line)
			}
		}
		t.Error("look at each line; when all are right: go test ./internal/app -run TestAccessMatrix -update")
	}
}

var wildcard = regexp.MustCompile(`\{[^}]+\}`)

// knock asks for an object that does not exist, or is somebody else's.
func knock(t *testing.T, a *App, method, path string, p persona, body string) *httptest.ResponseRecorder {
	t.Helper()
	path = wildcard.ReplaceAllStringFunc(path, func(w string) string {
		if w == "{$}" {
			return ""
		}
		return id.New()
	})
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.RemoteAddr = "127.0.0.1:4711"
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if method != http.MethodGet {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if p.token != "" {
		r.Header.Set("Authorization", "Bearer "+p.token)
	}
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, r)
	return w
}

// Everybody knocks at every door, with the key of an object that is not there:
// who may not pass sees exactly what is not found, a visitor is asked to sign in,
// and nobody ever sees our fault.
func TestEveryDoor(t *testing.T) {
	if testing.Short() {
		t.Skip("asks every route as everybody")
	}
	eachHouse(t, func(t *testing.T, a *App) {
		people := personas(t, a)
		missing := map[string]int{}
		for _, r := range a.Site().Routes() {
			method, path, ok := strings.Cut(r.Pattern, " ")
			if !ok { // a mount without a method
				continue
			}
			for _, p := range people {
				w := knock(t, a, method, path, p, "")
				switch err := r.Access.Check(p.ctx); {
				case w.Code >= 500:
					t.Errorf("%s as %s: %d", r.Pattern, p.name, w.Code)
				case err == nil:
					if w.Code == http.StatusUnauthorized {
						t.Errorf("%s lets %s in and then asks to sign in", r.Pattern, p.name)
					}
				case errs.Is(err, errs.Unauthenticated):
					if w.Code != http.StatusSeeOther || !strings.HasPrefix(w.Header().Get("Location"), "/dang-nhap") {
						t.Errorf("%s as %s: %d to %q, not to the sign-in page", r.Pattern, p.name, w.Code, w.Header().Get("Location"))
					}
				default:
					missing[fmt.Sprint(w.Code)]++
					if w.Code != http.StatusNotFound {
						t.Errorf("%s as %s: %d, want not found", r.Pattern, p.name, w.Code)
					}
				}
			}
		}
		if missing["404"] < 20 {
			t.Errorf("only %v refusals: the test looks in the wrong place", missing)
		}
	})
}

// No operation of the API that asks for a signature does anything for a visitor.
func TestOperationsRefuseVisitors(t *testing.T) {
	a := openHouse(t, settings(t, ""))
	var spec struct {
		Paths map[string]map[string]struct {
			OperationID string
			Security    []map[string][]string
		}
	}
	if err := json.Unmarshal(a.OpenAPI(), &spec); err != nil {
		t.Fatal(err)
	}
	guarded := 0
	for path, ops := range spec.Paths {
		for method, op := range ops {
			path := wildcard.ReplaceAllString(path, id.New())
			r := httptest.NewRequestWithContext(t.Context(), strings.ToUpper(method), path, strings.NewReader(`{}`))
			r.Header.Set("Content-Type", "application/json")
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			if w.Code >= 500 {
				t.Errorf("%s: %d %s", op.OperationID, w.Code, w.Body)
			}
			if len(op.Security) == 0 {
				continue
			}
			guarded++
			// The form of the input may be judged before who asks.
			if w.Code != http.StatusUnauthorized && w.Code != http.StatusUnprocessableEntity {
				t.Errorf("%s says it wants a signature and answers a visitor with %d", op.OperationID, w.Code)
			}
		}
	}
	if guarded < 3 {
		t.Errorf("only %d guarded operations seen", guarded)
	}
}

// eachHouse opens a whole house on each engine.
func eachHouse(t *testing.T, test func(t *testing.T, a *App)) {
	t.Run("sqlite", func(t *testing.T) { test(t, openHouse(t, settings(t, ""))) })
	t.Run("postgres", func(t *testing.T) { test(t, openHouse(t, settings(t, sqldbtest.PostgresURL(t)))) })
}
