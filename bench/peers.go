package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"time"
)

// A peer does the same work: take a birth registration with a 200 kB paper and
// keep both, show one, list the newest.
type peer interface {
	name() string
	durable() string
	// file files one and gives what it is found by.
	file(ctx context.Context, worker int, child string, paper []byte) (string, error)
	// view reads one; it gives the child's name, or what stands in its place for everybody to see.
	view(ctx context.Context, ref string) (string, error)
	// list reads the newest 25; it gives what they are found by.
	list(ctx context.Context) ([]string, error)
	// paper reads the paper of one back.
	paper(ctx context.Context, ref string) ([]byte, error)
	stop() error
	memory() int64
}

func runPeers(ctx context.Context, o options, b *book) (err error) {
	b.table = "peers"
	bin, err := build(ctx, o)
	if err != nil {
		return err
	}
	pocket, err := startPocketBase(ctx, o)
	if err != nil {
		return fmt.Errorf("PocketBase: %w", err)
	}
	h, err := prepare(ctx, o, b, bin, "sqlite", 0)
	if err != nil {
		return errors.Join(err, pocket.stop())
	}
	ours, err := startOurs(ctx, o, h)
	if err != nil {
		return errors.Join(err, pocket.stop())
	}
	b.group = "motcua on SQLite beside PocketBase v0.36.8"
	err = errors.Join(compare(ctx, o, b, ours, pocket, 3), ours.stop(), pocket.stop())
	if err != nil || !o.directus {
		return err
	}
	if o.postgres == "" {
		b.problems = append(b.problems, "Directus was not measured: it is given PostgreSQL, and none answers here")
		return nil
	}
	b.group = "motcua on PostgreSQL beside Directus 10.13.4"
	directus, err := startDirectus(ctx, o)
	if err != nil {
		// Not our failure: say why in the table and go on.
		b.set(figure{Name: "Directus was not measured", Value: 0, More: firstLine(err)})
		return nil
	}
	if h, err = prepare(ctx, o, b, bin, "postgres", 0); err != nil {
		return errors.Join(err, directus.stop())
	}
	if ours, err = startOurs(ctx, o, h); err != nil {
		return errors.Join(err, directus.stop())
	}
	return errors.Join(compare(ctx, o, b, ours, directus, 3), ours.stop(), directus.stop())
}

func firstLine(err error) string {
	line, _, _ := bytes.Cut([]byte(err.Error()), []byte("\n"))
	return string(line)
}

// compare lets the two work in turn, window by window, and tells the ratio.
func compare(ctx context.Context, o options, b *book, ours, theirs peer, wish float64) error {
	if err := equal(ctx, ours); err != nil {
		return fmt.Errorf("%s: %w", ours.name(), err)
	}
	if err := equal(ctx, theirs); err != nil {
		return fmt.Errorf("%s: %w", theirs.name(), err)
	}
	both := []peer{ours, theirs}
	refs := make([][]string, 2)
	var mu sync.Mutex
	papers := make([]*scans, o.clients)
	for i := range papers {
		papers[i] = newScans(i)
	}
	n := 0
	for _, job := range []struct {
		name    string
		clients int
		wish    float64
		work    func(p int) func(ctx context.Context, worker, round int) error
	}{
		{fmt.Sprintf("file with a 200 kB paper, %d at once", o.clients), o.clients, wish, func(p int) func(context.Context, int, int) error {
			return func(ctx context.Context, worker, _ int) error {
				mu.Lock()
				n++
				i := n
				mu.Unlock()
				ref, err := both[p].file(ctx, worker, fmt.Sprintf("Lê An Số %d", i), papers[worker].next(int64(i)))
				if err != nil {
					return err
				}
				mu.Lock()
				defer mu.Unlock()
				refs[p] = append(refs[p], ref)
				return nil
			}
		}},
		{"view one, 8 at once", 8, wish, func(p int) func(context.Context, int, int) error {
			return func(ctx context.Context, worker, round int) error {
				_, err := both[p].view(ctx, refs[p][(worker*977+round)%len(refs[p])])
				return err
			}
		}},
		{"list the newest 25, 8 at once", 8, wish, func(p int) func(context.Context, int, int) error {
			return func(ctx context.Context, _, _ int) error {
				got, err := both[p].list(ctx)
				if err == nil && len(got) != 25 {
					err = fmt.Errorf("%d in the list", len(got))
				}
				return err
			}
		}},
	} {
		rates := [2][]float64{}
		last := [2]spread{}
		for p := range both { // warm
			if _, err := crowd(ctx, job.clients, o.window/2, job.work(p)); err != nil {
				return fmt.Errorf("%s: %s: %w", both[p].name(), job.name, err)
			}
		}
		for window := range max(o.windows, 2) {
			for p := range both {
				done := func() error { return nil }
				if us, ok := both[p].(*ourselves); ok && window == 0 {
					done = profiled(ctx, options{profile: o.profile, window: o.window, windows: 1}, us.c.base, "peers-"+job.name[:4])
				}
				s, err := crowd(ctx, job.clients, o.window, job.work(p))
				if err = errors.Join(err, done()); err != nil {
					return fmt.Errorf("%s: %s: %w", both[p].name(), job.name, err)
				}
				rates[p] = append(rates[p], s.rate)
				last[p] = s
			}
		}
		ratios := make([]float64, len(rates[0]))
		worst := math.Inf(1)
		for i := range ratios {
			ratios[i] = rates[0][i] / rates[1][i]
			worst = min(worst, ratios[i])
		}
		b.atLeast(job.name+", times theirs", median(ratios), job.wish, "×", fmt.Sprintf("worst window %s×; ours %s/s (%s), %s %s/s (%s)",
			number(worst), number(median(rates[0])), last[0], both[1].name(), number(median(rates[1])), last[1]))
	}
	b.add("memory after it, ours", float64(ours.memory())/1e6, "MB", fmt.Sprintf("%s %s MB", theirs.name(), number(float64(theirs.memory())/1e6)))
	b.set(figure{Name: "durability", Value: 0, More: "ours: " + ours.durable() + "; " + theirs.name() + ": " + theirs.durable()})
	return nil
}

// equal asserts that one who files finds again what was filed, before anything is timed.
func equal(ctx context.Context, p peer) error {
	paper := bytes.Clone(newScans(99).next(1))
	var refs []string
	for i := range 30 {
		ref, err := p.file(ctx, i, fmt.Sprintf("Trần Bé Số %d", i), newScans(i).next(int64(i)))
		if err != nil {
			return err
		}
		refs = append(refs, ref)
	}
	last, err := p.file(ctx, 0, "Trần Bé Cuối Cùng", paper)
	if err != nil {
		return err
	}
	seen, err := p.view(ctx, last)
	if err != nil || seen == "" {
		return fmt.Errorf("viewing: %q, %w", seen, err)
	}
	back, err := p.paper(ctx, last)
	if err != nil || !bytes.Equal(back, paper) {
		return fmt.Errorf("the paper came back with %d bytes: %w", len(back), err)
	}
	list, err := p.list(ctx)
	if err != nil {
		return err
	}
	if len(list) != 25 || list[0] != last || list[1] != refs[29] || list[24] != refs[6] {
		return fmt.Errorf("the newest are %v, %s was filed last", list, last)
	}
	return nil
}

// ourselves, by the JSON API.
type ourselves struct {
	s     *server
	c     *cast
	mu    sync.Mutex
	files map[string]string
}

func startOurs(ctx context.Context, o options, h house) (*ourselves, error) {
	s, err := serve(ctx, h.bin, environ(), append(o.serving(), h.flags()...)...)
	if err != nil {
		return nil, err
	}
	c, err := hire(ctx, h, s.base)
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	return &ourselves{s: s, c: c, files: map[string]string{}}, nil
}

func (u *ourselves) name() string  { return "motcua" }
func (u *ourselves) stop() error   { return u.s.stop() }
func (u *ourselves) memory() int64 { return u.s.memory() }
func (u *ourselves) durable() string {
	return "every commit and every file waits for the disk before it is answered"
}

func (u *ourselves) file(ctx context.Context, worker int, child string, paper []byte) (string, error) {
	who := u.c.citizens[0] // one person, so that the list of theirs is the list of all
	a, err := who.do(ctx, http.MethodPost, "/api/v1/files?name=giay-chung-sinh.pdf", key(), "application/octet-stream", paper)
	var f struct{ ID string }
	if err := a.into(err, "upload", &f); err != nil {
		return "", err
	}
	var d struct{ Number string }
	if err := who.post(ctx, "/api/v1/dossiers", key(), declaration(u.c.offers[worker%2], who, letters(child), f.ID), &d); err != nil {
		return "", err
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	u.files[d.Number] = f.ID
	return d.Number, nil
}

// letters writes the figures of a name as words: a name has none.
func letters(name string) string {
	words := [10]string{"Không", "Một", "Hai", "Ba", "Bốn", "Năm", "Sáu", "Bảy", "Tám", "Chín"}
	var b bytes.Buffer
	for _, r := range name {
		if r >= '0' && r <= '9' {
			b.WriteString(" " + words[r-'0'])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func (u *ourselves) view(ctx context.Context, ref string) (string, error) {
	var d struct {
		Number string
		Status int
	}
	if err := u.c.base.get(ctx, "/api/v1/track/"+ref, &d); err != nil {
		return "", err
	}
	if d.Number != ref || d.Status != 1 {
		return "", fmt.Errorf("%s is tracked as %+v", ref, d)
	}
	return d.Number, nil
}

func (u *ourselves) list(ctx context.Context) ([]string, error) {
	var page struct{ Dossiers []struct{ Number string } }
	err := u.c.citizens[0].get(ctx, "/api/v1/dossiers?limit=25", &page)
	out := make([]string, len(page.Dossiers))
	for i, d := range page.Dossiers {
		out[i] = d.Number
	}
	return out, err
}

func (u *ourselves) paper(ctx context.Context, ref string) ([]byte, error) {
	a, err := u.c.citizens[0].do(ctx, http.MethodGet, "/api/v1/files/"+u.files[ref]+"/content", "", "", nil)
	return a.body, err
}

// answersOf are the fields that a peer is given, one column each.
func answersOf(child string) map[string]string {
	return map[string]string{
		"offer": "1.001193~ward~online", "requester_name": "Nguyễn Thị Đo", "requester_no": "099190000024", "requester_phone": "0977123456", "relation": "mother",
		"child_name": child, "child_gender": "female", "child_birth": time.Now().AddDate(0, 0, -12).Format(time.DateOnly), "born_at": "facility",
		"facility": "Bệnh viện Đo Đạc", "child_ethnic": "01", "child_nationality": "VN", "mother_name": "Nguyễn Thị Đo", "mother_no": "099190000024", "mother_birth": "1990",
	}
}

const places = `{"birth":{"province":"01","commune":"00004","line":"Số 7 ngõ Đo Đạc"},"home":{"province":"01","commune":"00004","line":"Số 7 ngõ Đo Đạc"}}`

// pocketBase is its own program, built in a module of its own.
type pocketBase struct {
	s *server
	c *client
}

func startPocketBase(ctx context.Context, o options) (*pocketBase, error) {
	bin := filepath.Join(o.cache, "pocketbase")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", bin, ".") //nolint:gosec // a peer
	cmd.Dir = filepath.Join("bench", "peers", "pocketbase")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("building: %w\n%s", err, out)
	}
	dir := filepath.Join(o.cache, "pocketbase-data")
	if err := os.RemoveAll(dir); err != nil {
		return nil, err
	}
	s, err := serveAt(ctx, bin, "/api/health", environ(), dir)
	if err != nil {
		return nil, err
	}
	return &pocketBase{s, newClient(s.base, "")}, nil
}

func (p *pocketBase) name() string  { return "PocketBase" }
func (p *pocketBase) stop() error   { return ignoreExit(p.s.stop()) }
func (p *pocketBase) memory() int64 { return p.s.memory() }
func (p *pocketBase) durable() string {
	return "synchronous=FULL for its database; its files do not wait for the disk, it has no such setting"
}

// ignoreExit takes how a peer ends when it is asked to: with a status of its own.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

func (p *pocketBase) file(ctx context.Context, _ int, child string, paper []byte) (string, error) {
	var body bytes.Buffer
	body.Grow(len(paper) + 4096)
	form := multipart.NewWriter(&body)
	for name, v := range answersOf(child) {
		if err := form.WriteField(name, v); err != nil {
			return "", err
		}
	}
	err := errors.Join(form.WriteField("places", places), form.WriteField("sworn", "true"))
	part, perr := form.CreateFormFile("birth_notice", "giay-chung-sinh.pdf")
	if err = errors.Join(err, perr); err != nil {
		return "", err
	}
	_, err = part.Write(paper)
	if err = errors.Join(err, form.Close()); err != nil {
		return "", err
	}
	a, err := p.c.do(ctx, http.MethodPost, "/api/collections/dossiers/records", "", form.FormDataContentType(), body.Bytes())
	var d struct{ ID string }
	return d.ID, withID(&d.ID, a.into(err, "create", &d))
}

func withID(id *string, err error) error {
	if err == nil && *id == "" {
		return errors.New("no id")
	}
	return err
}

type pocketRecord struct {
	ID     string
	Child  string `json:"child_name"`
	Notice string `json:"birth_notice"`
}

func (p *pocketBase) record(ctx context.Context, ref string) (d pocketRecord, err error) {
	return d, p.c.get(ctx, "/api/collections/dossiers/records/"+ref, &d)
}

func (p *pocketBase) view(ctx context.Context, ref string) (string, error) {
	d, err := p.record(ctx, ref)
	return d.Child, err
}

func (p *pocketBase) list(ctx context.Context) ([]string, error) {
	var page struct{ Items []pocketRecord }
	// Without a count: ours counts nothing either.
	err := p.c.get(ctx, "/api/collections/dossiers/records?perPage=25&sort=-created,-@rowid&skipTotal=1", &page)
	out := make([]string, len(page.Items))
	for i, d := range page.Items {
		out[i] = d.ID
	}
	return out, err
}

func (p *pocketBase) paper(ctx context.Context, ref string) ([]byte, error) {
	d, err := p.record(ctx, ref)
	if err != nil {
		return nil, err
	}
	a, err := p.c.do(ctx, http.MethodGet, "/api/files/dossiers/"+ref+"/"+d.Notice, "", "", nil)
	return a.body, err
}

// directus runs under Node from the cache folder, on PostgreSQL.
type directus struct {
	s *server
	c *client
}

func startDirectus(ctx context.Context, o options) (*directus, error) {
	dir := filepath.Join(o.cache, "directus")
	cli := filepath.Join(dir, "node_modules", "directus", "cli.js")
	if _, err := os.Stat(cli); err != nil {
		if err := os.MkdirAll(dir, 0o750); err != nil {
			return nil, err
		}
		text, err := os.ReadFile(filepath.Join("bench", "peers", "directus", "package.json"))
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(filepath.Join(dir, "package.json"), text, 0o600); err != nil {
			return nil, err
		}
		fmt.Println("installing Directus; one of its parts is compiled, which takes minutes")
		cmd := exec.CommandContext(ctx, "npm", "install", "--no-audit", "--no-fund")
		cmd.Dir, cmd.Env = dir, append(os.Environ(), headersOfNode()...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return nil, fmt.Errorf("npm install: %w: %s", err, bytes.TrimSpace(out[max(0, len(out)-400):]))
		}
	}
	h := house{dir: filepath.Join(o.cache, "directus-data"), url: must(named(o.postgres, "motcua_bench_directus"))}
	if err := h.fresh(ctx, o, house{}); err != nil {
		return nil, err
	}
	port, err := freePort(ctx)
	if err != nil {
		return nil, err
	}
	env := append(environ(), "DB_CLIENT=pg", "DB_CONNECTION_STRING="+h.url+"?sslmode=disable", "KEY=0123456789abcdef0123456789abcdef", "SECRET=fedcba9876543210fedcba9876543210",
		"ADMIN_EMAIL=admin@example.com", "ADMIN_PASSWORD=motcua-demo-2026", "ADMIN_TOKEN=motcua-bench-token", "HOST=127.0.0.1", fmt.Sprintf("PORT=%d", port), "STORAGE_LOCATIONS=local", "STORAGE_LOCAL_DRIVER=local",
		"STORAGE_LOCAL_ROOT="+filepath.Join(h.dir, "uploads"), "TELEMETRY=false", "RATE_LIMITER_ENABLED=false", "LOG_LEVEL=error", "WEBSOCKETS_ENABLED=false", "CACHE_ENABLED=false", "NODE_ENV=production")
	boot := exec.CommandContext(ctx, "node", cli, "bootstrap") //nolint:gosec // a peer
	boot.Dir, boot.Env = dir, env
	if out, err := boot.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("bootstrap: %w: %s", err, bytes.TrimSpace(out[max(0, len(out)-400):]))
	}
	s, err := serveNode(ctx, dir, cli, env, fmt.Sprintf("http://127.0.0.1:%d", port))
	if err != nil {
		return nil, err
	}
	d := &directus{s, newClient(s.base, "motcua-bench-token")}
	if err := d.collection(ctx); err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return d, nil
}

// headersOfNode spares the download of Node's headers where they are installed.
func headersOfNode() []string {
	node, err := exec.LookPath("node")
	if err != nil {
		return nil
	}
	prefix := filepath.Dir(filepath.Dir(node))
	if _, err := os.Stat(filepath.Join(prefix, "include", "node", "node.h")); err != nil {
		return nil
	}
	return []string{"npm_config_nodedir=" + prefix}
}

func (d *directus) collection(ctx context.Context) error {
	fields := []map[string]any{{"field": "id", "type": "integer", "schema": map[string]any{"is_primary_key": true, "has_auto_increment": true}, "meta": map[string]any{"hidden": true}}}
	for name := range answersOf("") {
		fields = append(fields, map[string]any{"field": name, "type": "string", "schema": map[string]any{"is_nullable": false, "max_length": 255}, "meta": map[string]any{"required": true}})
	}
	fields = append(fields, map[string]any{"field": "places", "type": "json"}, map[string]any{"field": "sworn", "type": "boolean"}, map[string]any{"field": "birth_notice", "type": "uuid"})
	return d.c.post(ctx, "/collections", "", map[string]any{"collection": "dossiers", "fields": fields, "schema": map[string]any{}, "meta": map[string]any{"accountability": nil}}, nil)
}

func (d *directus) name() string  { return "Directus" }
func (d *directus) stop() error   { return ignoreExit(d.s.stop()) }
func (d *directus) memory() int64 { return d.s.memory() }
func (d *directus) durable() string {
	return "the same PostgreSQL with fsync; its files do not wait for the disk"
}

func (d *directus) file(ctx context.Context, _ int, child string, paper []byte) (string, error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile("file", "giay-chung-sinh.pdf")
	if err != nil {
		return "", err
	}
	_, err = part.Write(paper)
	if err = errors.Join(err, form.Close()); err != nil {
		return "", err
	}
	a, err := d.c.do(ctx, http.MethodPost, "/files", "", form.FormDataContentType(), body.Bytes())
	var f struct{ Data struct{ ID string } }
	if err := a.into(err, "upload", &f); err != nil {
		return "", err
	}
	item := map[string]any{"places": json.RawMessage(places), "sworn": true, "birth_notice": f.Data.ID}
	for name, v := range answersOf(child) {
		item[name] = v
	}
	var made struct{ Data struct{ ID int64 } }
	if err := d.c.post(ctx, "/items/dossiers", "", item, &made); err != nil {
		return "", err
	}
	return fmt.Sprint(made.Data.ID), nil
}

type directusItem struct {
	ID     int64
	Child  string `json:"child_name"`
	Notice string `json:"birth_notice"`
}

func (d *directus) item(ctx context.Context, ref string) (directusItem, error) {
	var one struct{ Data directusItem }
	err := d.c.get(ctx, "/items/dossiers/"+ref, &one)
	return one.Data, err
}

func (d *directus) view(ctx context.Context, ref string) (string, error) {
	one, err := d.item(ctx, ref)
	return one.Child, err
}

func (d *directus) list(ctx context.Context) ([]string, error) {
	var page struct{ Data []directusItem }
	err := d.c.get(ctx, "/items/dossiers?limit=25&sort=-id", &page)
	out := make([]string, len(page.Data))
	for i, one := range page.Data {
		out[i] = fmt.Sprint(one.ID)
	}
	return out, err
}

func (d *directus) paper(ctx context.Context, ref string) ([]byte, error) {
	one, err := d.item(ctx, ref)
	if err != nil {
		return nil, err
	}
	a, err := d.c.do(ctx, http.MethodGet, "/assets/"+one.Notice, "", "", nil)
	return a.body, err
}
