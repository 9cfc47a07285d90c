package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"motcua/internal/platform/fold"
	"motcua/internal/platform/sqldb"
)

func runHouses(ctx context.Context, o options, b *book) error {
	b.table = "bench"
	bin, err := build(ctx, o)
	if err != nil {
		return err
	}
	b.group = "program"
	info, err := os.Stat(bin)
	if err != nil {
		return err
	}
	b.atMost("binary", float64(info.Size())/1e6, 60, "MB", "")
	for _, engine := range strings.Split(o.engines, ",") {
		for _, text := range strings.Split(o.sizes, ",") {
			size, err := strconv.Atoi(text)
			if err != nil {
				return err
			}
			b.group = engine + ", " + number(float64(size)) + " dossiers"
			h, err := prepare(ctx, o, b, bin, engine, size)
			if err != nil {
				return fmt.Errorf("%s: %w", b.group, err)
			}
			if err := measure(ctx, o, b, h); err != nil {
				return fmt.Errorf("%s: %w", b.group, err)
			}
			if o.drop && size > copied {
				if err := h.remove(ctx, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// measure measures one house.
func measure(ctx context.Context, o options, b *book, h house) (err error) {
	// The first start after milling signs the ledger and warms the file cache.
	for range 2 {
		s, err := serve(ctx, h.bin, environ(), append([]string{"serve", "--listen", "127.0.0.1:0"}, h.flags()...)...)
		if err != nil {
			return err
		}
		if err := s.stop(); err != nil {
			return err
		}
	}
	s, err := serve(ctx, h.bin, environ(), append(o.serving(), h.flags()...)...)
	if err != nil {
		return err
	}
	stopped := false
	defer func() {
		if !stopped {
			err = errors.Join(err, s.stop())
		}
	}()
	time.Sleep(2 * time.Second)
	b.atMost("start until ready", s.took.Seconds(), 1, "s", "")
	b.atMost("memory idle", float64(s.memory())/1e6, 80, "MB", "RSS two seconds after the start")
	c, err := hire(ctx, h, s.base)
	if err != nil {
		return err
	}
	db, err := sqldb.Open(ctx, h.database(), sqldb.Options{MaxConns: 2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	pages, err := pagesOf(ctx, db, c)
	if err != nil {
		return err
	}
	for _, part := range []struct {
		name string
		run  func() error
	}{
		{"pages", func() error {
			for _, p := range pages {
				if err := p.measure(ctx, o, b, c); err != nil {
					return fmt.Errorf("%s: %w", p.name, err)
				}
			}
			return nil
		}},
		{"submit", func() error { return submits(ctx, o, b, s, c, db) }},
		{"lifecycle", func() error { return lifecycles(ctx, o, b, s, h, c) }},
	} {
		if !strings.Contains(o.only, part.name) {
			continue
		}
		done := profiled(ctx, o, c.base, h.engine+"-"+part.name)
		if err := errors.Join(part.run(), done()); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	b.atMost("memory loaded", float64(s.most.Load())/1e6, 300, "MB", "most RSS of all that is above")
	stopped = true
	if err := s.stop(); err != nil {
		return err
	}
	if !strings.Contains(o.only, "plans") {
		return nil
	}
	return plans(ctx, b, h, pages)
}

// serving is how a house is opened; to be profiled it must be in development.
func (o options) serving() []string {
	how := []string{"serve", "--listen", "127.0.0.1:0"}
	if o.profile != "" {
		how = append(how, "--development")
	}
	return how
}

// profiled records where the server's time goes while something is measured.
func profiled(ctx context.Context, o options, c *client, name string) (done func() error) {
	if o.profile == "" {
		return func() error { return nil }
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	seconds := int(o.window.Seconds()*float64(o.windows)) + 1
	ended := make(chan error, 1)
	go func() {
		a, err := c.do(ctx, http.MethodGet, "/debug/cpu?seconds="+strconv.Itoa(seconds), "", "", nil)
		if err == nil {
			err = os.WriteFile(filepath.Join(o.profile, name+".cpu"), a.body, 0o600)
		}
		ended <- err
	}()
	return func() error { defer cancel(); return <-ended }
}

// submit files one dossier: a paper of its own is uploaded, then the form.
func (c *cast) submit(ctx context.Context, who citizen, offer string, paper *scans) (number, child, file string, err error) {
	child, n := c.child()
	a, err := who.do(ctx, http.MethodPost, "/api/v1/files?name=giay-chung-sinh.pdf", key(), "application/octet-stream", paper.next(n))
	var f struct{ ID string }
	if err := a.into(err, "upload", &f); err != nil {
		return "", "", "", err
	}
	var d struct {
		Number string
		Status int
	}
	if err := who.post(ctx, "/api/v1/dossiers", key(), declaration(offer, who, child, f.ID), &d); err != nil {
		return "", "", "", err
	}
	if d.Number == "" || d.Status != 1 {
		return "", "", "", fmt.Errorf("filed: %+v", d)
	}
	return d.Number, child, f.ID, nil
}

// pace is how fast a crowd went, window by window.
type pace struct {
	rates []float64     // each a second
	last  spread        // of the last window
	cpu   time.Duration // of the server's processes, for each piece of work
	ran   []string      // how many statements each of its requests took
}

func (p pace) String() string {
	return fmt.Sprintf("%s; worst window %s/s; the server computed %.1f ms for each, statements %s", p.last, number(slices.Min(p.rates)), float64(p.cpu.Microseconds())/1000, strings.Join(p.ran, " + "))
}

// pacing lets a crowd warm up and then measures it. routes are what the work asks.
func pacing(ctx context.Context, o options, s *server, c *client, workers int, routes []string, work func(ctx context.Context, worker, round int) error) (p pace, err error) {
	if _, err := crowd(ctx, workers, o.window/2, work); err != nil {
		return p, err
	}
	pieces, before := 0, s.computed()
	for range o.windows {
		if p.last, err = crowd(ctx, workers, o.window, work); err != nil {
			return p, err
		}
		p.rates = append(p.rates, p.last.rate)
		pieces += p.last.n
	}
	p.cpu = (s.computed() - before) / time.Duration(max(pieces, 1))
	for _, route := range routes {
		n, err := statements(ctx, c, route)
		if err != nil {
			return p, err
		}
		p.ran = append(p.ran, number(math.Round(n[0]/max(n[1], 1))))
	}
	return p, nil
}

type filedOne struct{ number, child, file string }

// submits lets everybody file at once and then looks at what is there.
func submits(ctx context.Context, o options, b *book, s *server, c *cast, db *sqldb.DB) error {
	before, err := count(ctx, db, `SELECT COUNT(*) FROM dossier_number`)
	if err != nil || before < 0 {
		return err
	}
	var mu sync.Mutex
	numbers := map[string]filedOne{}
	papers := make([]*scans, o.clients)
	for i := range papers {
		papers[i] = newScans(i)
	}
	work := func(ctx context.Context, worker, round int) error {
		who := c.citizens[worker%len(c.citizens)]
		number, child, file, err := c.submit(ctx, who, c.offers[(worker+round)%2], papers[worker])
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		if other, twice := numbers[number]; twice {
			return fmt.Errorf("%s was given to %s and to %s", number, other.child, child)
		}
		numbers[number] = filedOne{number, child, file}
		return nil
	}
	p, err := pacing(ctx, o, s, c.base, o.clients, []string{"POST /api/v1/files", "POST /api/v1/dossiers"}, work)
	if err != nil {
		return err
	}
	b.atLeast(fmt.Sprintf("submit, %d at once, 200 kB paper", o.clients), median(p.rates), 2000, "/s", p.String())
	return c.lookAt(ctx, db, numbers)
}

// lookAt holds what is there against what was acknowledged.
func (c *cast) lookAt(ctx context.Context, db *sqldb.DB, numbers map[string]filedOne) error {
	all := make([]string, 0, len(numbers))
	for n := range numbers {
		all = append(all, n)
	}
	slices.Sort(all)
	for some := range slices.Chunk(all, 500) {
		marks, args := make([]string, len(some)), make([]any, len(some))
		for i, n := range some {
			marks[i], args[i] = "$"+strconv.Itoa(i+1), n
		}
		there, err := count(ctx, db, `SELECT COUNT(*) FROM dossier_dossier d JOIN dossier_answers a ON a.dossier_id = d.id WHERE d.number IN (`+strings.Join(marks, ", ")+`)`, args...)
		if err != nil {
			return err
		}
		if there != int64(len(some)) {
			return fmt.Errorf("%d of %d acknowledged dossiers are there", there, len(some))
		}
	}
	for i := 0; i < len(all); i += max(len(all)/10, 1) {
		f := numbers[all[i]]
		for _, who := range c.citizens {
			var d struct {
				Number  string
				Answers map[string]any
			}
			a, err := who.do(ctx, http.MethodGet, "/api/v1/dossiers/"+f.number, "", "", nil)
			if err != nil {
				return err
			}
			if a.status == http.StatusNotFound {
				continue // somebody else's
			}
			if err := a.into(nil, f.number, &d); err != nil {
				return err
			}
			if d.Answers["child_name"] != f.child {
				return fmt.Errorf("%s was filed for %s and is for %v", f.number, f.child, d.Answers["child_name"])
			}
			paper, err := who.do(ctx, http.MethodGet, "/api/v1/files/"+f.file+"/content", "", "", nil)
			if err != nil {
				return err
			}
			if len(paper.body) != paperSize || !bytes.HasPrefix(paper.body, []byte(scanHead)) {
				return fmt.Errorf("the paper of %s came back with %d bytes", f.number, len(paper.body))
			}
		}
	}
	return nil
}

func count(ctx context.Context, r sqldb.Reader, query string, args ...any) (n int64, err error) {
	return n, r.QueryRow(ctx, query, args...).Scan(&n)
}

// lifecycles is the load of DIGIT's published script in our words: create, assign
// (the counter takes it in and hands it to the officer), resolve (the officer
// decides and proposes), search.
func lifecycles(ctx context.Context, o options, b *book, s *server, h house, c *cast) error {
	papers := make([]string, len(c.citizens))
	for i, who := range c.citizens {
		a, err := who.do(ctx, http.MethodPost, "/api/v1/files?name=giay-chung-sinh.pdf", key(), "application/octet-stream", newScans(i).next(int64(i)))
		var f struct{ ID string }
		if err := a.into(err, "upload", &f); err != nil {
			return err
		}
		papers[i] = f.ID
	}
	const workers = 16
	work := func(ctx context.Context, worker, _ int) error {
		i := worker % len(c.citizens)
		child, n := c.child()
		var d struct {
			Number  string
			Status  int
			Version int64
		}
		if err := c.citizens[i].post(ctx, "/api/v1/dossiers", key(), declaration(c.offers[0], c.citizens[i], child, papers[i]), &d); err != nil {
			return err
		}
		number := d.Number
		if err := c.clerk.post(ctx, "/api/v1/dossiers/"+number+"/actions", key(), map[string]any{"action": "accept"}, &d); err != nil {
			return err
		}
		fields := map[string]any{"personal_no": fmt.Sprintf("0992%02d%06d", time.Now().Year()%100, (c.began/1000+n)%1_000_000), "book": "01/2026"}
		if err := c.officer.post(ctx, "/api/v1/dossiers/"+number+"/actions", key(), map[string]any{"action": "propose", "fields": fields}, &d); err != nil {
			return err
		}
		var found struct {
			Dossiers []struct {
				Number string
				Status int
			}
		}
		if err := c.officer.get(ctx, "/api/v1/queues/all?search="+number, &found); err != nil {
			return err
		}
		if len(found.Dossiers) != 1 || found.Dossiers[0].Number != number || found.Dossiers[0].Status != d.Status {
			return fmt.Errorf("%s is not found as it is: %+v after %+v", number, found, d)
		}
		return nil
	}
	p, err := pacing(ctx, o, s, c.base, workers, []string{"POST /api/v1/dossiers", "POST /api/v1/dossiers/{number}/actions", "GET /api/v1/queues/{queue}"}, work)
	if err != nil {
		return err
	}
	target := 150.0
	if h.size >= 1_000_000 {
		target = 120
	}
	b.atLeast("lifecycle create, assign, resolve, search", median(p.rates), target, "/s", p.String())
	return nil
}

// page is something people look at all day.
type page struct {
	name, route string
	who         func(c *cast) *client
	login       string // for the plans, "" a visitor
	paths       []string
	check       func(path string, body []byte) error
	most        time.Duration // p95
	queries     float64
}

// pagesOf chooses what is looked at, with the answers that must come.
func pagesOf(ctx context.Context, db *sqldb.DB, c *cast) ([]*page, error) {
	var ward string
	if err := db.QueryRow(ctx, `SELECT id FROM org_agency WHERE code = 'H64.31'`).Scan(&ward); err != nil {
		return nil, err
	}
	some, err := sqldb.Strings(db.Query(ctx, `SELECT d.number FROM dossier_reach x JOIN dossier_dossier d ON d.id = x.dossier_id WHERE x.key = $1 ORDER BY x.submitted_at DESC LIMIT 400`, "a:"+ward))
	if err != nil {
		return nil, err
	}
	if len(some) < 30 {
		return nil, fmt.Errorf("only %d dossiers at the ward", len(some))
	}
	var rarest string
	if err := db.QueryRow(ctx, `SELECT procedure_code FROM dossier_stat WHERE agency_id = $1 AND month = '' AND procedure_code > '' ORDER BY received, procedure_code LIMIT 1`, ward).Scan(&rarest); err != nil {
		return nil, err
	}
	last, lastRows, err := lastPage(ctx, db, "a:"+ward)
	if err != nil {
		return nil, err
	}
	names := []string{"nguyen thi huong", "tran van minh", "le thi lan", "dang thi huong", "vo quang hieu", "pham duc dung"}
	overdue, err := count(ctx, db, `SELECT COUNT(*) FROM dossier_dossier WHERE finished_at IS NULL AND paused_at IS NULL AND due_at < $1`, sqldb.Millis(time.Now()))
	if err != nil {
		return nil, err
	}
	visitor := func(c *cast) *client { return c.base }
	officer := func(c *cast) *client { return c.officer }
	province := func(c *cast) *client { return c.province }
	var tracked, opened, searched []string
	for _, n := range some {
		tracked, opened = append(tracked, "/tra-cuu/"+n), append(opened, "/xu-ly/"+n)
	}
	for _, n := range names {
		searched = append(searched, "/xu-ly?hang=all&q="+url.QueryEscape(n))
	}
	const reading, queueing = 50 * time.Millisecond, 100 * time.Millisecond
	return []*page{
		{name: "public tracking page", route: "GET /tra-cuu/{number}", who: visitor, paths: tracked, most: reading, queries: 20, check: names1("tra-cuu")},
		{name: "dossier page of an officer", route: "GET /xu-ly/{number}", who: officer, login: c.wardOfficer, paths: opened[:min(50, len(opened))], most: reading, check: names1("xu-ly")},
		{name: "officer's queue, first page", route: "GET /xu-ly", who: officer, login: c.wardOfficer, paths: []string{"/xu-ly?hang=all"}, most: queueing, queries: 20, check: rows(25)},
		{name: "officer's queue, last page", route: "GET /xu-ly", who: officer, login: c.wardOfficer, paths: []string{"/xu-ly?hang=all&sau=" + last}, most: queueing, queries: 20, check: rows(lastRows)},
		{name: "officer's queue, rarest procedure and overdue", route: "GET /xu-ly", who: officer, login: c.wardOfficer, paths: []string{"/xu-ly?hang=all&qua-han=1&thu-tuc=" + rarest, "/xu-ly?hang=overdue&thu-tuc=" + rarest}, most: queueing, queries: 20, check: rows(-1)},
		{name: "province's queue, overdue", route: "GET /xu-ly", who: province, login: c.provinceLead, paths: []string{"/xu-ly?hang=all&qua-han=1"}, most: queueing, queries: 20, check: rows(int(min(25, overdue)))},
		{name: "province's queue, rarest procedure and overdue", route: "GET /xu-ly", who: province, login: c.provinceLead, paths: []string{"/xu-ly?hang=all&qua-han=1&thu-tuc=" + rarest}, most: queueing, queries: 20, check: rows(-1)},
		{name: "name search without diacritics, a ward", route: "GET /xu-ly", who: officer, login: c.wardOfficer, paths: searched, most: queueing, queries: 20, check: named1},
		{name: "name search without diacritics, the province", route: "GET /xu-ly", who: province, login: c.provinceLead, paths: searched, most: queueing, queries: 20, check: named1},
		{name: "statistics of the province", route: "GET /thong-ke", who: province, login: c.provinceLead, paths: []string{"/thong-ke", "/thong-ke?theo=procedure", "/thong-ke?theo=month"}, most: reading, check: figures},
		{name: "home page of a citizen", route: "GET /{$}", who: visitor, paths: []string{"/"}, most: reading, queries: 20, check: contains("<main")},
		{name: "search for a procedure", route: "GET /thu-tuc", who: visitor, paths: []string{"/thu-tuc?q=lam+giay+khai+sinh", "/thu-tuc?q=mo+quan"}, most: reading, check: contains("<main")},
	}, nil
}

// lastPage is where the last page of a list begins, and how many rows it has.
func lastPage(ctx context.Context, db *sqldb.DB, list string) (string, int, error) {
	var at int64
	var id string
	if err := db.QueryRow(ctx, `SELECT submitted_at, dossier_id FROM dossier_reach WHERE key = $1 ORDER BY submitted_at, dossier_id LIMIT 1 OFFSET 20`, list).Scan(&at, &id); err != nil {
		return "", 0, err
	}
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(at, 10) + "/" + id)), 20, nil
}

var rowLink = regexp.MustCompile(`href="/xu-ly/(H64[^"?/]*)`)

func links(body []byte) int {
	seen := map[string]bool{}
	for _, m := range rowLink.FindAllSubmatch(body, -1) {
		seen[string(m[1])] = true
	}
	return len(seen)
}

// rows wants so many dossiers on a page; -1 any number up to a page.
func rows(want int) func(string, []byte) error {
	return func(_ string, body []byte) error {
		got := links(body)
		if want >= 0 && got != want || got > 25 {
			return fmt.Errorf("%d dossiers on the page, %d are expected", got, want)
		}
		return nil
	}
}

func names1(under string) func(string, []byte) error {
	return func(path string, body []byte) error {
		if n := strings.TrimPrefix(path, "/"+under+"/"); !bytes.Contains(body, []byte(n)) {
			return fmt.Errorf("the page does not name %s", n)
		}
		return nil
	}
}

func contains(word string) func(string, []byte) error {
	return func(_ string, body []byte) error {
		if !bytes.Contains(body, []byte(word)) {
			return fmt.Errorf("the page lacks %s", word)
		}
		return nil
	}
}

// named1 wants every dossier found to be of somebody with that name. Small houses
// may have nobody of the name.
func named1(path string, body []byte) error {
	_, q, _ := strings.Cut(path, "q=")
	want, err := url.QueryUnescape(q)
	if err != nil {
		return err
	}
	text := fold.Key(string(body))
	if n, rows := strings.Count(text, want), links(body); n < rows {
		return fmt.Errorf("%d dossiers on the page and %d times %q", rows, n, want)
	}
	return nil
}

// figures wants a table with figures in it.
func figures(_ string, body []byte) error {
	if n := bytes.Count(body, []byte("<tr")); n < 3 {
		return fmt.Errorf("%d rows of figures", n)
	}
	return nil
}

const readers = 4

// measure looks at the answers once, then reads the page over and over.
func (p *page) measure(ctx context.Context, o options, b *book, c *cast) error {
	who := p.who(c)
	kB := 0.0
	look := func(ctx context.Context, path string) error {
		a, err := who.do(ctx, http.MethodGet, path, "", "", nil)
		if err != nil {
			return err
		}
		if a.status != http.StatusOK {
			return fmt.Errorf("%s: status %d", path, a.status)
		}
		if err := p.check(path, a.body); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		kB = float64(len(a.body)) / 1000
		return nil
	}
	for _, path := range p.paths {
		if err := look(ctx, path); err != nil {
			return err
		}
	}
	before, err := statements(ctx, c.base, p.route)
	if err != nil {
		return err
	}
	s, err := crowd(ctx, readers, o.window, func(ctx context.Context, worker, round int) error {
		path := p.paths[(worker+round*readers)%len(p.paths)]
		a, err := who.do(ctx, http.MethodGet, path, "", "", nil)
		if err == nil && a.status != http.StatusOK {
			err = fmt.Errorf("%s: status %d", path, a.status)
		}
		if err == nil && round%50 == 0 {
			err = p.check(path, a.body)
		}
		return err
	})
	if err != nil {
		return err
	}
	after, err := statements(ctx, c.base, p.route)
	if err != nil {
		return err
	}
	each := (after[0] - before[0]) / max(after[1]-before[1], 1)
	b.atMost(p.name+", p95", float64(s.p95.Microseconds())/1000, float64(p.most.Milliseconds()), "ms", fmt.Sprintf("%s/s, %s, %s kB", number(s.rate), s, number(kB)))
	if p.queries > 0 {
		b.atMost(p.name+", statements", each, p.queries, "", "")
	} else {
		b.add(p.name+", statements", each, "", "")
	}
	return nil
}

// statements reads from the metrics how many statements a route ran, and for how many requests.
func statements(ctx context.Context, c *client, route string) (out [2]float64, err error) {
	method, _, _ := strings.Cut(route, " ")
	a, err := c.do(ctx, http.MethodGet, "/metrics", "", "", nil)
	if err != nil {
		return out, err
	}
	for i, what := range []string{"sum", "count"} {
		prefix := fmt.Sprintf(`motcua_http_request_statements_%s{method=%q,route=%q} `, what, method, route)
		for line := range strings.Lines(string(a.body)) {
			if v, ok := strings.CutPrefix(line, prefix); ok {
				if out[i], err = strconv.ParseFloat(strings.TrimSpace(v), 64); err != nil {
					return out, err
				}
			}
		}
	}
	return out, nil
}
