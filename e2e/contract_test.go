package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"motcua/e2e/apitest"
	"motcua/internal/platform/id"
)

// What outside checks rely on, end to end, on both engines: the demo starts as it
// says, a program files a dossier, officers work it, the result comes back.
func TestContract(t *testing.T) {
	eachEngine(t, func(t *testing.T, engine string) {
		d := demo(t, engine)
		checkFirstStart(t, d)
		h := copied(t, engine)
		s := h.Start(t, append([]string{"demo", "--listen", "127.0.0.1:0", "--dossiers", "9999"}, h.flags()...)...)
		t.Logf("started again in %s", s.Took.Round(time.Millisecond))
		if n := h.count(t, `SELECT COUNT(*) FROM dossier_dossier`); fmt.Sprint(n) != small {
			t.Errorf("the second start loaded something: %d dossiers", n)
		}
		staff := demoAccounts(t, h.dir)
		t.Run("health", func(t *testing.T) { checkHealth(t, s) })
		t.Run("openapi", func(t *testing.T) { checkOpenAPI(t, s) })
		t.Run("journey", func(t *testing.T) { journey(t, h, s, staff) })
		t.Run("counter", func(t *testing.T) { atTheCounter(t, h, s, staff) })
		t.Run("refusals", func(t *testing.T) { refusals(t, h, s, staff) })
		t.Run("one key", func(t *testing.T) { oneKey(t, h, s, staff) })
		t.Run("metrics", func(t *testing.T) { checkMetrics(t, s) })
		s.Stop(t)
		checkCommands(t, h)
	})
}

type cast struct {
	citizens                               []account
	clerk, officer, leader, records, other account
}

// demoAccounts reads the accounts of the ward of the demo.
func demoAccounts(t *testing.T, dir string) cast {
	t.Helper()
	c := apitest.CastOf(t, dir)
	return cast{c.Citizens, c.Clerk, c.Officer, c.Leader, c.Records, c.OtherClerk}
}

func checkFirstStart(t *testing.T, d *demoHouse) {
	t.Helper()
	if !regexp.MustCompile(`^http://127\.0\.0\.1:\d+$`).MatchString(d.first.Base) {
		t.Errorf("listening %q", d.first.Base)
	}
	t.Logf("a demo of %s dossiers listens after %s", small, d.first.Took.Round(time.Millisecond))
	staff := demoAccounts(t, d.dir)
	for _, a := range []account{staff.clerk, staff.officer, staff.leader, staff.citizens[0]} {
		if !strings.Contains(d.first.Said, a.Login) || !strings.Contains(d.first.Said, a.Password) {
			t.Errorf("%s is not among the accounts that were printed", a.Login)
		}
	}
	info, err := os.Stat(filepath.Join(d.dir, "demo-accounts.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("demo-accounts.json: %v %v", info.Mode(), err)
	}
}

func checkHealth(t *testing.T, s *apitest.Server) {
	c := apitest.NewClient(s.Base, "")
	for path, kind := range map[string]string{"/healthz": "application/json", "/readyz": "application/json", "/openapi.json": "application/vnd.oai.openapi+json", "/": "text/html"} {
		a := c.Call(t, http.MethodGet, path, "", nil)
		if a.Status != http.StatusOK || !strings.HasPrefix(a.Header.Get("Content-Type"), kind) {
			t.Errorf("%s: %d %s", path, a.Status, a.Header.Get("Content-Type"))
		}
	}
}

// checkMetrics: measured by route pattern, not by what stood in an address.
func checkMetrics(t *testing.T, s *apitest.Server) {
	a := apitest.NewClient(s.Base, "").Call(t, http.MethodGet, "/metrics", "", nil)
	if a.Status != http.StatusOK || !strings.Contains(string(a.Body), `POST /api/v1/dossiers"`) {
		t.Fatalf("metrics: %d %.300s", a.Status, a.Body)
	}
	planted.Lock()
	defer planted.Unlock()
	for w := range planted.words {
		if strings.Contains(string(a.Body), w) {
			t.Errorf("the measurements hold %q", w)
		}
	}
	if strings.Contains(string(a.Body), "H64.31-") {
		t.Error("the measurements hold dossier numbers")
	}
}

// checkOpenAPI holds the contract against the rules of OpenAPI 3.1 that generators
// of clients trip over.
func checkOpenAPI(t *testing.T, s *apitest.Server) {
	raw := apitest.NewClient(s.Base, "").Call(t, http.MethodGet, "/openapi.json", "", nil).Body
	for _, host := range regexp.MustCompile(`https?://[^/"\s]+`).FindAllString(string(raw), -1) {
		if host != s.Base {
			t.Errorf("the contract names %s", host)
		}
	}
	var doc any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	var spec struct {
		OpenAPI    string
		Info       struct{ Title, Version string }
		Paths      map[string]map[string]operation
		Components struct {
			Schemas         map[string]json.RawMessage
			SecuritySchemes map[string]json.RawMessage
		}
	}
	if err := json.Unmarshal(raw, &spec); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(spec.OpenAPI, "3.1.") || spec.Info.Title == "" || spec.Info.Version == "" {
		t.Errorf("head: %s %+v", spec.OpenAPI, spec.Info)
	}
	used := map[string]bool{}
	walk(doc, func(ref string) {
		name, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if _, there := spec.Components.Schemas[name]; !ok || !there {
			t.Errorf("a reference to nothing: %s", ref)
		}
		used[name] = true
	})
	for name := range spec.Components.Schemas {
		if !used[name] {
			t.Errorf("schema %s is used nowhere", name)
		}
	}
	ids := map[string]bool{}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			where := method + " " + path
			if op.OperationID == "" || ids[op.OperationID] || op.Summary == "" {
				t.Errorf("%s: operation %q needs an id of its own and a summary", where, op.OperationID)
			}
			ids[op.OperationID] = true
			var inPath []string
			for _, p := range op.Parameters {
				if p.In == "path" {
					inPath = append(inPath, p.Name)
				}
			}
			for _, m := range regexp.MustCompile(`\{([^}]+)\}`).FindAllStringSubmatch(path, -1) {
				if !slices.Contains(inPath, m[1]) {
					t.Errorf("%s: %s is not declared", where, m[1])
				}
			}
			for _, needs := range op.Security {
				for scheme := range needs {
					if spec.Components.SecuritySchemes[scheme] == nil {
						t.Errorf("%s: unknown security %s", where, scheme)
					}
				}
			}
			op.check(t, where, spec.Components.Schemas)
		}
	}
	for _, want := range []string{"search-procedures", "file-dossier", "upload-file", "act-on-dossier", "list-queue", "track-dossier", "intake-dossier", "supplement-dossier"} {
		if !ids[want] {
			t.Errorf("operation %s is gone", want)
		}
	}
}

type operation struct {
	OperationID, Summary string
	Security             []map[string][]string
	Parameters           []struct{ Name, In string }
	Responses            map[string]struct {
		Description string
		Content     map[string]struct {
			Schema struct {
				Ref string `json:"$ref"`
			}
		}
	}
}

// check looks at what an operation says that it answers.
func (op operation) check(t *testing.T, where string, schemas map[string]json.RawMessage) {
	t.Helper()
	good := slices.ContainsFunc(slices.Collect(maps.Keys(op.Responses)), func(status string) bool { return strings.HasPrefix(status, "2") })
	if !good {
		t.Errorf("%s: no answer when all is well", where)
	}
	ref, declared := "", []string{}
	for _, r := range op.Responses {
		for kind, content := range r.Content {
			declared = append(declared, kind)
			if kind == "application/problem+json" {
				ref = content.Schema.Ref
			}
		}
	}
	if ref == "" {
		t.Errorf("%s: refusals come as application/problem+json, declared are only %v", where, declared)
		return
	}
	var schema struct{ Properties map[string]json.RawMessage }
	if err := json.Unmarshal(schemas[strings.TrimPrefix(ref, "#/components/schemas/")], &schema); err != nil {
		t.Errorf("%s: %v", where, err)
	}
	for _, field := range []string{"title", "status", "detail", "code", "reference", "errors"} {
		if schema.Properties[field] == nil {
			t.Errorf("%s: refusals are declared without %s", where, field)
		}
	}
}

// walk visits every $ref.
func walk(v any, ref func(string)) {
	switch v := v.(type) {
	case map[string]any:
		if r, ok := v["$ref"].(string); ok {
			ref(r)
		}
		for _, inner := range v {
			walk(inner, ref)
		}
	case []any:
		for _, inner := range v {
			walk(inner, ref)
		}
	}
}

// detail is a dossier as programs see it.
type detail = apitest.Dossier

// act takes an action after seeing that it is offered, and gives the status after it.
func act(t *testing.T, c *apitest.Client, number, action string, more map[string]any) int {
	t.Helper()
	var d detail
	c.Get(t, "/api/v1/dossiers/"+number, &d)
	if !d.May(action) {
		t.Fatalf("%s is not offered: %+v", action, d.Actions)
	}
	body := map[string]any{"action": action, "version": d.Version}
	maps.Copy(body, more)
	var after struct {
		Status  int
		Version int64
	}
	key := id.New()
	c.Post(t, "/api/v1/dossiers/"+number+"/actions", key, body, &after)
	if after.Version <= d.Version {
		t.Errorf("%s: version %d after %d", action, after.Version, d.Version)
	}
	var again struct{ Version int64 }
	if c.Post(t, "/api/v1/dossiers/"+number+"/actions", key, body, &again); again.Version != after.Version {
		t.Errorf("%s, sent again with its key, acted again: version %d after %d", action, again.Version, after.Version)
	}
	return after.Status
}

func journey(t *testing.T, h house, s *apitest.Server, who cast) {
	visitor := h.client(t, s, "")
	var found struct {
		Items []struct{ Code string }
	}
	visitor.Get(t, "/api/v1/procedures?q=lam+giay+khai+sinh", &found)
	if len(found.Items) == 0 || found.Items[0].Code != "1.001193" {
		t.Fatalf("searching for everyday words finds %+v", found.Items)
	}
	offer := offerOf(t, visitor, "1.001193", "online", "Bình Minh")
	citizen := h.person(t, s, who.citizens[0])
	notice := pdf("giấy chứng sinh " + id.New())
	file := upload(t, citizen.Client, notice)
	name := child(1)
	filing, key := declaration(offer, citizen.name, citizen.number, name, file), id.New()
	var filed struct {
		Number string
		Status int
	}
	citizen.Post(t, "/api/v1/dossiers", key, filing, &filed)
	if !regexp.MustCompile(`^H64\.31-\d{6}-\d{4,}$`).MatchString(filed.Number) || filed.Status != 1 {
		t.Fatalf("filed: %+v", filed)
	}
	number := filed.Number

	var queue struct{ Dossiers []struct{ Number string } }
	clerk, officer, leader, records := h.client(t, s, who.clerk.Login), h.client(t, s, who.officer.Login), h.client(t, s, who.leader.Login), h.client(t, s, who.records.Login)
	clerk.Get(t, "/api/v1/queues/to_receive?search="+number, &queue)
	if len(queue.Dossiers) != 1 || queue.Dossiers[0].Number != number {
		t.Fatalf("the clerk does not find it: %+v", queue)
	}
	var before detail
	clerk.Get(t, "/api/v1/dossiers/"+number, &before)
	if before.Answers["child_name"] != name || len(before.Papers) == 0 {
		t.Errorf("what the clerk sees is not what was filed: %+v", before)
	}
	content := clerk.Call(t, http.MethodGet, "/api/v1/files/"+file+"/content", "", nil)
	if content.Status != http.StatusOK || !bytes.Equal(content.Body, notice) {
		t.Errorf("the paper did not come through: %d, %d bytes", content.Status, len(content.Body))
	}
	act(t, clerk, number, "accept", nil)
	// Somebody who still sees the dossier as it was is refused.
	stale := map[string]any{"action": "ask", "reason": "thử", "version": before.Version}
	clerk.Call(t, http.MethodPost, "/api/v1/dossiers/"+number+"/actions", id.New(), stale).Refused(t, http.StatusConflict)

	if status := act(t, officer, number, "ask", map[string]any{"reason": "Giấy chứng sinh bị mờ"}); status != 5 {
		t.Errorf("status %d after asking for more", status)
	}
	better := upload(t, citizen.Client, pdf("rõ hơn "+id.New()))
	supply := map[string]any{"papers": []map[string]any{{"code": "birth_notice", "file_ids": []string{better}}}, "note": "Tôi gửi lại bản rõ"}
	citizen.Post(t, "/api/v1/dossiers/"+number+"/supplement", id.New(), supply, &filed)
	if filed.Status != 4 {
		t.Errorf("status %d after the supplement", filed.Status)
	}
	plant("099226000017")
	act(t, officer, number, "propose", map[string]any{"fields": map[string]any{"personal_no": "099226000017", "book": "01/2026"}})
	act(t, leader, number, "approve", nil)
	if status := act(t, records, number, "finish", nil); status != 9 {
		t.Errorf("status %d when all is done", status)
	}
	if status := act(t, clerk, number, "hand", nil); status != 10 {
		t.Errorf("status %d when the result is handed over", status)
	}

	var after detail
	citizen.Get(t, "/api/v1/dossiers/"+number, &after)
	if after.Result == nil || after.Result.Number == "" || after.Result.State != "valid" || after.Result.DocumentID == "" {
		t.Fatalf("the result: %+v", after.Result)
	}
	if len(after.Timeline) < 7 {
		t.Errorf("the timeline tells only %+v", after.Timeline)
	}
	paper := citizen.Call(t, http.MethodGet, "/ho-so/"+number+"/giay-to/"+after.Result.DocumentID, "", nil)
	if paper.Status != http.StatusOK || !bytes.HasPrefix(paper.Body, []byte("%PDF-")) {
		t.Errorf("the certificate: %d %.100q", paper.Status, paper.Body)
	}
	tracked := visitor.Call(t, http.MethodGet, "/api/v1/track/"+number, "", nil)
	var public struct {
		Number string
		Status int
	}
	tracked.Into(t, http.StatusOK, &public)
	if public.Number != number || public.Status != 10 {
		t.Errorf("tracked: %+v", public)
	}
	for _, personal := range []string{name, citizen.name, citizen.number, "0977123456", "Canh Gác"} {
		if strings.Contains(string(tracked.Body), personal) {
			t.Errorf("everybody can read %q of it", personal)
		}
	}
	other := h.client(t, s, who.other.Login)
	other.Call(t, http.MethodGet, "/api/v1/dossiers/"+number, "", nil).Refused(t, http.StatusNotFound, name)
}

// atTheCounter takes a dossier in on behalf of somebody without an account.
func atTheCounter(t *testing.T, h house, s *apitest.Server, who cast) {
	clerk := h.client(t, s, who.clerk.Login)
	offer := offerOf(t, clerk, "1.001193", "direct", "Bình Minh")
	name, mother, no := child(2), "Vương Thị Canh Cửa", "099190000024"
	plant(mother, no)
	filing := declaration(offer, mother, no, name, "")
	filing["owner"] = map[string]any{"name": mother, "citizen_no": no, "phone": "0977123456", "birth": "1990"}
	filing["papers"] = []map[string]any{{"code": "birth_notice", "kind": "original", "originals": 1}}
	filing["delivery"] = map[string]any{"by": "counter"}
	var taken struct {
		Number    string
		Status    int
		ReceiptID string     `json:"receipt_id"`
		DueAt     *time.Time `json:"due_at"`
	}
	clerk.Post(t, "/api/v1/intake", id.New(), filing, &taken)
	if taken.Number == "" || taken.Status == 1 || taken.ReceiptID == "" || taken.DueAt == nil {
		t.Fatalf("taken in: %+v", taken)
	}
	slip := clerk.Call(t, http.MethodGet, "/xu-ly/"+taken.Number+"/giay-to/"+taken.ReceiptID, "", nil)
	if slip.Status != http.StatusOK || !bytes.HasPrefix(slip.Body, []byte("%PDF-")) {
		t.Errorf("the receipt: %d %.100q", slip.Status, slip.Body)
	}
	citizen := h.client(t, s, who.citizens[1].Login)
	citizen.Call(t, http.MethodPost, "/api/v1/intake", id.New(), filing).Refused(t, http.StatusNotFound, mother, no)
}

// refusals are always problems, name the fields, and never repeat what was sent.
func refusals(t *testing.T, h house, s *apitest.Server, who cast) {
	visitor := h.client(t, s, "")
	offer := offerOf(t, visitor, "1.001193", "online", "Bình Minh")
	citizen := h.person(t, s, who.citizens[2])
	const secret, secretNo = "Bùi Thị Đừng Lặp", "099190777788"
	plant(secret, secretNo)
	good := func() map[string]any { return declaration(offer, citizen.name, citizen.number, child(3), "") }
	bad := good()
	answers, _ := bad["answers"].(map[string]any)
	answers["child_name"], answers["child_birth"], answers["mother_no"], answers["mother_name"] = "Đơn", "2099-01-01", "09919077778x", secret
	post := func(c *apitest.Client, path, key string, body any) apitest.Answer {
		return c.Call(t, http.MethodPost, path, key, body)
	}
	p := post(citizen.Client, "/api/v1/dossiers", id.New(), bad).Refused(t, http.StatusUnprocessableEntity, secret, "09919077778x", "2099-01-01")
	for _, field := range []string{"child_name", "child_birth", "mother_no"} {
		if !slices.Contains(strings.Fields(p.Names()), field) {
			t.Errorf("%s is not among the wrong fields: %s", field, p.Names())
		}
	}
	missing := post(citizen.Client, "/api/v1/dossiers", id.New(), good()).Refused(t, http.StatusUnprocessableEntity)
	if !strings.Contains(missing.Names(), "birth_notice") {
		t.Errorf("the missing paper is not named: %s", missing.Names())
	}
	unsworn := good()
	delete(unsworn["answers"].(map[string]any), "sworn") //nolint:forcetypeassert // made above
	post(citizen.Client, "/api/v1/dossiers", id.New(), unsworn).Refused(t, http.StatusUnprocessableEntity)
	post(citizen.Client, "/api/v1/dossiers", "", good()).Refused(t, http.StatusUnprocessableEntity)
	post(citizen.Client, "/api/v1/dossiers", id.New(), map[string]any{"offer": offer, "answers": map[string]any{"child_name": []string{secret}}}).Refused(t, http.StatusUnprocessableEntity, secret)
	post(citizen.Client, "/api/v1/dossiers", id.New(), map[string]any{"offer": "1.001193~" + id.New() + "~online", "answers": map[string]any{"child_name": secret}}).Refused(t, http.StatusNotFound, secret)
	post(citizen.Client, "/api/v1/dossiers", id.New(), map[string]any{"offer": offer, "answers": map[string]any{}, "phone": secretNo}).Refused(t, http.StatusUnprocessableEntity, secretNo)
	post(citizen.Client, "/api/v1/dossiers", id.New(), map[string]any{"offer": strings.Repeat("x", 2<<20)}).Refused(t, http.StatusRequestEntityTooLarge)
	post(citizen.Client, "/api/v1/files?name=x.exe", id.New(), []byte("MZ\x90\x00 not a document")).Refused(t, http.StatusUnprocessableEntity)
	post(visitor, "/api/v1/dossiers", id.New(), good()).Refused(t, http.StatusUnauthorized)
	post(apitest.NewClient(s.Base, "mctk_nobody"), "/api/v1/dossiers", id.New(), good()).Refused(t, http.StatusUnauthorized)
	post(h.client(t, s, who.clerk.Login), "/api/v1/dossiers", id.New(), good()).Refused(t, http.StatusNotFound)
	for _, path := range []string{"/api/v1/dossiers/H64.31-260101-9999", "/api/v1/nothing", "/api/v1/procedures/9.999999", "/api/v1/track/sai", "/api/v1/files/" + id.New()} {
		citizen.Call(t, http.MethodGet, path, "", nil).Refused(t, http.StatusNotFound)
	}
	if n := len(mine(t, citizen.Client)["Đăng ký khai sinh cho "+child(3)]); n != 0 {
		t.Errorf("what was refused is there %d times", n)
	}
}

// oneKey sends the same filing sixty-four times at once.
func oneKey(t *testing.T, h house, s *apitest.Server, who cast) {
	citizen, other := h.person(t, s, who.citizens[3]), h.person(t, s, who.citizens[4])
	offer := offerOf(t, citizen.Client, "1.001193", "online", "Bình Minh")
	file := upload(t, citizen.Client, pdf("một khóa "+id.New()))
	filing, key := declaration(offer, citizen.name, citizen.number, child(4), file), id.New()
	before := h.count(t, `SELECT COUNT(*) FROM dossier_dossier`)
	const at = 64
	numbers := make(chan string, at)
	start := make(chan struct{})
	for range at {
		go func() {
			<-start
			a, err := citizen.Do(http.MethodPost, "/api/v1/dossiers", key, filing)
			var d struct{ Number string }
			if err == nil && a.Status == http.StatusCreated {
				err = json.Unmarshal(a.Body, &d)
			} else if err == nil {
				err = fmt.Errorf("status %d: %.300s", a.Status, a.Body)
			}
			if err != nil {
				d.Number = err.Error()
			}
			numbers <- d.Number
		}()
	}
	close(start)
	given := map[string]int{}
	for range at {
		given[<-numbers]++
	}
	if len(given) != 1 {
		t.Errorf("one key gave %v", given)
	}
	if after := h.count(t, `SELECT COUNT(*) FROM dossier_dossier`); after != before+1 {
		t.Errorf("one key made %d dossiers", after-before)
	}
	if made := mine(t, citizen.Client)["Đăng ký khai sinh cho "+child(4)]; len(made) != 1 || given[made[0]] != at {
		t.Errorf("the citizen has %v, the answers said %v", made, given)
	}
	// A key belongs to the account that used it.
	var theirs struct{ Number string }
	other.Post(t, "/api/v1/dossiers", key, declaration(offer, other.name, other.number, child(5), upload(t, other.Client, pdf("khác "+id.New()))), &theirs)
	if given[theirs.Number] != 0 {
		t.Error("somebody else's key gave somebody else's dossier")
	}
}

// checkCommands: exit status and last line are what scripts read.
func checkCommands(t *testing.T, h house) {
	t.Helper()
	for _, test := range []struct {
		args   []string
		status int
		last   string // a pattern
	}{
		{[]string{"doctor"}, 1, `^WARN: `}, // no backups and no mail server are configured
		{[]string{"audit", "verify"}, 0, `^OK: .*\d`},
		{[]string{"audit", "parked"}, 0, `^OK: `},
		{[]string{"migrate"}, 0, `^OK: `},
		{[]string{"config", "check"}, 0, `^OK: `},
		{[]string{"token", "create", "--login", "khong.co.ai"}, 1, `^$`},
	} {
		r := h.run(t, test.args...)
		if r.Status != test.status || !regexp.MustCompile(test.last).MatchString(r.Last()) {
			t.Errorf("want status %d and a last line like %q: %s", test.status, test.last, r)
		}
	}
	if r := h.Run(t, "version"); r.Status != 0 || !strings.HasPrefix(r.Last(), "motcua ") {
		t.Error(r)
	}
	if r := h.Run(t, "pack", "test"); r.Status != 0 || !strings.HasPrefix(r.Last(), "OK: ") {
		t.Error(r)
	}
	if r := h.Run(t, "nonsense"); r.Status != 2 {
		t.Error(r)
	}
	bad := filepath.Join(t.TempDir(), "motcua.toml")
	if err := os.WriteFile(bad, []byte("lissten = \":8080\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := h.Run(t, "--config", bad, "config", "check"); r.Status == 0 || !strings.HasPrefix(r.Last(), "FAIL: ") || !strings.Contains(r.Out, "lissten") {
		t.Errorf("an unknown setting passes: %s", r)
	}
	empty := filepath.Join(t.TempDir(), "nothing")
	if r := h.Run(t, "audit", "verify", "--dir", empty); r.Status == 0 {
		t.Error(r)
	}
	if _, err := os.Stat(empty); err == nil {
		t.Error("looking at a house that is not there made one")
	}
}

// A real house begins empty: one command makes the first administrator, who
// chooses a password on a page, signs in, and finds the packs that were loaded.
func TestFirstAdministrator(t *testing.T) {
	h := house{Program: program(t), dir: filepath.Join(t.TempDir(), "new")}
	s := h.serve(t, "")
	made := h.Must(t, append([]string{"init", "--code", "H64", "--agency", "Ủy ban nhân dân tỉnh Mẫu", "--login", "quantri", "--name", "Lê Thị Quản"}, h.flags()...)...)
	path := "/dat-mat-khau/" + made.Last()[strings.LastIndex(made.Last(), "/")+1:]
	if r := h.Must(t, append([]string{"pack", "load"}, h.flags()...)...); !strings.HasPrefix(r.Last(), "OK: ") {
		t.Error(r)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar, Timeout: time.Minute}
	visit := func(path string, form url.Values) string {
		t.Helper()
		var res *http.Response
		if form == nil {
			res, err = browser.Get(s.Base + path)
		} else {
			res, err = browser.PostForm(s.Base+path, form)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatalf("%s: %d %v %.500s", path, res.StatusCode, err, text)
		}
		return string(text)
	}
	const password = "lúa chín vàng đồng xa"
	visit(path, nil)
	visit(path, url.Values{"password": {password}, "password2": {password}})
	visit("/dang-nhap", url.Values{"login": {"quantri"}, "password": {password}})
	if page := visit("/quan-tri/co-quan", nil); !strings.Contains(page, "Ủy ban nhân dân tỉnh Mẫu") {
		t.Error("the administrator does not see the agency")
	}
	if page := visit("/thu-tuc?q=khai+sinh", nil); !strings.Contains(page, "1.001193") {
		t.Error("the procedures of the packs are not found")
	}
	s.Stop(t)
	if r := h.run(t, "audit", "verify"); r.Status != 0 {
		t.Error(r)
	}
}
