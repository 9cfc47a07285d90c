package document_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

type room struct {
	db    *sqldb.DB
	s     *document.Service
	jobs  *job.Queue
	j     *journal.Journal
	files *blob.Files
}

func each(t *testing.T, test func(t *testing.T, r room)) {
	sqldbtest.Each(t, []sqldb.Line{journal.Line(), job.Line(), blob.Line(), document.Line()}, func(t *testing.T, db *sqldb.DB) {
		j, err := journal.New(db, journal.Options{})
		if err != nil {
			t.Fatal(err)
		}
		store, err := blob.NewDir(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		jobs, files := job.New(db, job.Options{}), blob.NewFiles(db, store, blob.Options{})
		test(t, room{db: db, jobs: jobs, j: j, files: files, s: document.New(db, files, jobs, j, document.Options{Base: "https://motcua.example.gov.vn/"})})
	})
}

func (r room) issue(t *testing.T, p document.Paper) document.Issued {
	t.Helper()
	for {
		var out document.Issued
		err := r.db.Tx(context.Background(), func(tx *sqldb.Tx) (err error) {
			out, err = r.s.Issue(context.Background(), tx, p)
			return err
		})
		if errs.HasCode(err, "database.busy") { // a loaded PostgreSQL says "try again", and callers do
			continue
		}
		if err != nil {
			t.Error(err)
		}
		return out
	}
}

func refusal(agency string, at time.Time) document.Paper {
	return document.Paper{
		Kind: document.Refusal, AgencyID: agency, DossierID: "d1", DossierNumber: "H99.15.02-261122-0001", At: at,
		Data: document.Data{Agency: document.Agency{Name: "Ủy ban nhân dân phường Hồng Hà", Place: "Hồng Hà"}, Owner: document.Party{Name: "Đặng Thị Hường"}, Reason: "Không thuộc thẩm quyền"},
	}
}

func TestNumbersRunByAgencySeriesAndYear(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		at := civil.MustDate("2026-12-31").At(16, 0)
		for want, p := range map[string][]document.Paper{
			"01/TCHS 02/TCHS 01/TCHS": {refusal("a", at), refusal("a", at), refusal("a", at.Add(12*time.Hour))},
			"01/TCHS":                 {refusal("b", at)},
		} {
			var got []string
			for _, one := range p {
				got = append(got, r.issue(t, one).Number)
			}
			if strings.Join(got, " ") != want {
				t.Errorf("numbers %v, want %s", got, want)
			}
		}
		// Two hundred at once: none twice.
		var mu sync.Mutex
		seen := map[string]bool{}
		var wg sync.WaitGroup
		for range 8 { // more would only wait for each other on PostgreSQL; package dossier lets them take turns
			wg.Go(func() {
				for range 25 {
					n := r.issue(t, refusal("c", at)).Number
					mu.Lock()
					if seen[n] {
						t.Errorf("%s was given twice", n)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if !seen["200/TCHS"] {
			t.Errorf("%d numbers without the two hundredth", len(seen))
		}
		if err := r.db.Tx(context.Background(), func(tx *sqldb.Tx) error {
			_, err := r.s.Issue(context.Background(), tx, document.Paper{Kind: document.ControlSheet, At: at})
			return err
		}); err == nil {
			t.Error("a control sheet was issued with a number")
		}
	})
}

func TestAPaperNeverChanges(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		ctx := context.Background()
		at := time.Date(2026, 11, 22, 2, 5, 0, 0, time.UTC)
		p := r.issue(t, refusal("a", at))
		if p.State != document.Queued || p.VerifyCode == "" || p.Hash != "" {
			t.Fatalf("%+v", p)
		}
		// Somebody opens it before the job has come by; twenty at once, and the job too.
		var wg sync.WaitGroup
		bytesOf := make([][]byte, 20)
		for i := range bytesOf {
			wg.Go(func() {
				_, pdf, err := r.s.Open(ctx, p.ID)
				if err != nil {
					t.Error(err)
				}
				bytesOf[i] = pdf
			})
		}
		wg.Go(func() {
			if _, err := r.jobs.RunDue(ctx, r.s.Module().Jobs, nil); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		for _, b := range bytesOf {
			if !bytes.Equal(b, bytesOf[0]) {
				t.Fatal("two readers got two papers")
			}
		}
		ready, pdf, err := r.s.Open(ctx, p.ID)
		if err != nil || ready.State != document.Ready || ready.Hash == "" || !bytes.Equal(pdf, bytesOf[0]) {
			t.Fatalf("%+v, %v", ready, err)
		}
		if ready.FileName() != "phieu-tu-choi-tiep-nhan-giai-quiet-ho-so-01-tchs.pdf" && !strings.HasPrefix(ready.FileName(), "phieu-tu-choi") {
			t.Errorf("file name %q", ready.FileName())
		}
		var n int
		if err := r.db.QueryRow(ctx, `SELECT count(*) FROM document_data`).Scan(&n); err != nil || n != 0 {
			t.Errorf("%d rows of personal data are left, %v", n, err)
		}
		if err := r.db.QueryRow(ctx, `SELECT count(*) FROM journal_event WHERE type = 'document.ready'`).Scan(&n); err != nil || n != 1 {
			t.Errorf("%d events, %v", n, err)
		}
		if claimed, err := r.files.ClaimedBy(ctx, r.db, "document:"+p.ID); err != nil || len(claimed) != 1 {
			t.Errorf("claimed %v, %v", claimed, err)
		}
		code := strings.ToLower(p.VerifyCode[:5] + "-" + p.VerifyCode[5:])
		v, err := r.s.Verify(ctx, code)
		if err != nil || v.Number != "01/TCHS" || v.Hash != ready.Hash || v.State != document.Ready || v.Agency != "Ủy ban nhân dân phường Hồng Hà" {
			t.Errorf("verified: %+v, %v", v, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", v), "Hường") {
			t.Error("checking a paper tells whose it is")
		}
		if ok, err := r.s.Matches(ctx, code, bytes.NewReader(pdf)); err != nil || !ok {
			t.Errorf("the paper itself does not match: %v", err)
		}
		forged := append(bytes.Clone(pdf), ' ')
		if ok, err := r.s.Matches(ctx, code, bytes.NewReader(forged)); err != nil || ok {
			t.Errorf("a paper with one byte more matches: %v", err)
		}
		if _, err := r.s.Verify(ctx, "0000000000"); !errs.Is(err, errs.NotFound) {
			t.Errorf("an unknown code: %v", err)
		}
		if err := r.db.Tx(ctx, func(tx *sqldb.Tx) error { return r.s.Revoke(ctx, tx, p.ID, "acc", "Sai thẩm quyền") }); err != nil {
			t.Fatal(err)
		}
		if v, err := r.s.Verify(ctx, code); err != nil || v.State != document.Revoked || v.Number != "01/TCHS" {
			t.Errorf("a cancelled paper does not stay visible: %+v, %v", v, err)
		}
	})
}

func TestAResultNeedsItsTemplate(t *testing.T) {
	each(t, func(t *testing.T, r room) {
		err := r.db.Tx(context.Background(), func(tx *sqldb.Tx) error {
			_, err := r.s.Issue(context.Background(), tx, document.Paper{Kind: document.Result, AgencyID: "a", At: time.Now()})
			return err
		})
		if err == nil {
			t.Error("a result without a template was issued")
		}
		if pdf, err := r.s.Print(document.ControlSheet, document.Data{Dossier: document.About{Number: "H99.15.02-261122-0001"}}, time.Now()); err != nil || len(pdf) < 1000 {
			t.Errorf("printed without a number: %v", err)
		}
	})
}
