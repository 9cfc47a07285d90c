package ops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// purse is a room with everything that tables may hold: money that only moves,
// papers that refer to files, and texts that are hard to copy.
func purse() sqldb.Line {
	const common = `CREATE TABLE purse_account (id BIGINT PRIMARY KEY, amount BIGINT NOT NULL);
CREATE TABLE purse_move (id TEXT PRIMARY KEY, source BIGINT NOT NULL REFERENCES purse_account (id), target BIGINT NOT NULL REFERENCES purse_account (id), amount BIGINT NOT NULL);
CREATE TABLE purse_paper (file_id TEXT PRIMARY KEY, hash TEXT NOT NULL);
CREATE TABLE purse_seed (id TEXT PRIMARY KEY);
INSERT INTO purse_seed (id) VALUES ('from the migration');
CREATE TABLE purse_empty (id TEXT PRIMARY KEY);
CREATE TABLE purse_odd (id BIGINT PRIMARY KEY, "order" TEXT, raw %s, yes BOOLEAN, share DOUBLE PRECISION);
`
	return sqldb.Line{Name: "purse", FS: fstest.MapFS{
		"0001_purse.sqlite.sql":   {Data: fmt.Appendf(nil, common, "BLOB")},
		"0001_purse.postgres.sql": {Data: fmt.Appendf(nil, common, "BYTEA")},
		"0002_more.sql":           {Data: []byte("CREATE TABLE purse_more (id TEXT PRIMARY KEY);\n")},
	}}
}

func lines() []sqldb.Line { return []sqldb.Line{journal.Line(), blob.Line(), purse()} }

// house is a small house at work.
type house struct {
	cfg     *config.Config
	db      *sqldb.DB
	store   *blob.Dir
	files   *blob.Files
	journal *journal.Journal
	alone   bool // the ledger is not held against its folder
}

const accounts, each = 20, 1000

// settings are those of a house in a folder of its own on the engine.
func settings(t testing.TB, engine sqldb.Dialect) *config.Config {
	t.Helper()
	cfg := config.Default()
	cfg.Dir = filepath.Join(t.TempDir(), "nhà một cửa") // spaces and letters as people use them
	if engine == sqldb.Postgres {
		cfg.Database.URL = config.Address(sqldbtest.PostgresURL(t))
	}
	return &cfg
}

// enter opens a house; its tables are made when absent.
func enter(t testing.TB, cfg *config.Config) *house {
	t.Helper()
	ctx := context.Background()
	db, err := sqldb.Open(ctx, cfg.DatabaseURL(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := sqldb.Migrate(ctx, db, lines()...); err != nil {
		t.Fatal(err)
	}
	store, err := blob.NewDir(cfg.FilesDir())
	if err != nil {
		t.Fatal(err)
	}
	j, err := journal.New(db, journal.Options{Dir: cfg.AuditDir()})
	if err != nil {
		t.Fatal(err)
	}
	return &house{cfg: cfg, db: db, store: store, files: blob.NewFiles(db, store, blob.Options{}), journal: j}
}

func (h *house) leave(t testing.TB) {
	t.Helper()
	if err := h.db.Close(); err != nil {
		t.Error(err)
	}
}

func (h *house) source() Source {
	return Source{DB: h.db, Files: h.store, Config: h.cfg, Program: "test"}
}

func (h *house) target() Target {
	return Target{Config: h.cfg, Files: h.store, Lines: lines()}
}

// target of a house nobody has entered yet.
func target(t testing.TB, cfg *config.Config) Target {
	t.Helper()
	store, err := blob.NewDir(cfg.FilesDir())
	if err != nil {
		t.Fatal(err)
	}
	return Target{Config: cfg, Files: store, Lines: lines()}
}

// odd are texts that break careless copies.
var odd = []string{"", "a\tb\nc\r\\d\\N", `\N`, `\.`, "Nguyễn Thị Đào 🏠", "'\"`;--", "\b\f\v\x7f", strings.Repeat("dài ", 50_000)}

func (h *house) furnish(t testing.TB) {
	t.Helper()
	ctx := context.Background()
	if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for i := range accounts {
			if _, err := tx.Exec(ctx, `INSERT INTO purse_account (id, amount) VALUES ($1, $2)`, i, each); err != nil {
				return err
			}
		}
		for i, s := range odd {
			if _, err := tx.Exec(ctx, `INSERT INTO purse_odd (id, "order", raw, yes, share) VALUES ($1, $2, $3, $4, $5)`, i, s, []byte("\x00\xff"+s), i%2 == 0, 1.0/float64(i+3)); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, `INSERT INTO purse_odd (id, "order", raw, yes, share) VALUES (1000, NULL, NULL, NULL, NULL)`)
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

// work does some days' work: money moves, papers come in, everything is journaled.
func (h *house) work(ctx context.Context, seed uint64, rounds int) error {
	r := rand.New(rand.NewPCG(seed, 3))
	for i := range rounds {
		if ctx.Err() != nil {
			break
		}
		content := fmt.Sprintf("%%PDF-1.7\n%% %d %d %d\n%%%%EOF\n", seed, i, r.Uint64())
		f, err := h.files.Save(context.Background(), "a.pdf", "hoa", strings.NewReader(content))
		if err != nil {
			return err
		}
		from, to, amount := r.IntN(accounts), r.IntN(accounts), r.IntN(50)
		err = h.db.Tx(context.Background(), func(tx *sqldb.Tx) error {
			ctx := context.Background()
			for _, x := range []struct {
				account, by int
			}{{from, -amount}, {to, amount}} {
				if _, err := tx.Exec(ctx, `UPDATE purse_account SET amount = amount + $1 WHERE id = $2`, x.by, x.account); err != nil {
					return err
				}
			}
			if _, err := tx.Exec(ctx, `INSERT INTO purse_move (id, source, target, amount) VALUES ($1, $2, $3, $4)`, f.ID, from, to, amount); err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, `INSERT INTO purse_paper (file_id, hash) VALUES ($1, $2)`, f.ID, f.Hash); err != nil {
				return err
			}
			if err := h.files.Claim(ctx, tx, "purse:1", f.ID); err != nil {
				return err
			}
			_, err := h.journal.Append(ctx, tx, journal.Event{Stream: "purse:" + fmt.Sprint(from), Type: "purse.moved", Data: []byte(fmt.Sprintf(`{"to":%d,"amount":%d,"paper":%q}`, to, amount, f.ID))})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil //nolint:nilerr // being told to stop is no fault
}

// toil works with several hands until ctx ends, while the ledger is sealed and signed.
func (h *house) toil(ctx context.Context, t testing.TB, hands int) (done *sync.WaitGroup) {
	done = &sync.WaitGroup{}
	for i := range hands {
		done.Go(func() {
			if err := h.work(ctx, uint64(i), 1_000_000); err != nil {
				t.Error(err)
			}
		})
	}
	done.Go(func() {
		if err := h.journal.Run(ctx, nil); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	})
	return done
}

// state is everything the house knows, as one line per fact.
type state struct {
	moves, papers, events int64
	digest                string
}

// inspect checks that the house is in one piece, and returns its state.
func (h *house) inspect(t testing.TB) state {
	t.Helper()
	ctx := context.Background()
	var s state
	var total, moved int64
	for query, into := range map[string]*int64{
		`SELECT CAST(SUM(amount) AS BIGINT) FROM purse_account`:                    &total,
		`SELECT count(*) FROM purse_move`:                                          &s.moves,
		`SELECT count(*) FROM purse_paper`:                                         &s.papers,
		`SELECT count(*) FROM journal_event WHERE type = 'purse.moved'`:            &s.events,
		`SELECT count(*) FROM purse_move m JOIN purse_paper p ON p.file_id = m.id`: &moved,
	} {
		if err := h.db.QueryRow(ctx, query).Scan(into); err != nil {
			t.Fatal(err)
		}
	}
	if total != accounts*each || s.moves != s.papers || s.moves != s.events || moved != s.moves {
		t.Errorf("the house is torn: %d in all, %d moves, %d papers, %d events", total, s.moves, s.papers, s.events)
	}
	sum := sha256.New()
	type row struct{ id, hash string }
	rows, err := h.db.Query(ctx, `SELECT file_id, hash FROM purse_paper ORDER BY file_id`)
	list, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (v row, err error) { return v, r.Scan(&v.id, &v.hash) })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range list {
		_, c, err := h.files.OpenFile(ctx, v.id)
		if err != nil {
			t.Fatalf("paper %s: %v", v.id, err)
		}
		b, err := io.ReadAll(c)
		if err := errors.Join(err, c.Close()); err != nil {
			t.Fatal(err)
		}
		if h := sha256.Sum256(b); hex.EncodeToString(h[:]) != v.hash {
			t.Errorf("paper %s has other bytes", v.id)
		}
		_, _ = fmt.Fprintln(sum, v.id, v.hash) // a hash takes everything
	}
	for i, want := range odd {
		var text string
		var raw []byte
		var yes bool
		var share float64
		if err := h.db.QueryRow(ctx, `SELECT "order", raw, yes, share FROM purse_odd WHERE id = $1`, i).Scan(&text, &raw, &yes, &share); err != nil {
			t.Fatal(err)
		}
		if text != want || !bytes.Equal(raw, []byte("\x00\xff"+want)) || yes != (i%2 == 0) || share != 1.0/float64(i+3) {
			t.Errorf("odd %d came back as %.40q, %.40q, %v, %v", i, text, raw, yes, share)
		}
	}
	var nulls, seeds int64
	if err := h.db.QueryRow(ctx, `SELECT count(*), (SELECT count(*) FROM purse_seed) FROM purse_odd WHERE "order" IS NULL AND raw IS NULL AND yes IS NULL AND share IS NULL`).Scan(&nulls, &seeds); err != nil {
		t.Fatal(err)
	}
	if nulls != 1 || seeds != 1 {
		t.Errorf("%d rows of nothing, %d seeds", nulls, seeds)
	}
	opt := journal.VerifyOptions{Dir: h.cfg.AuditDir()}
	if h.alone {
		opt.Dir = ""
	}
	report, err := journal.Verify(ctx, h.db, opt)
	if err != nil {
		t.Fatal(err)
	}
	if p := report.First(); p != nil {
		t.Errorf("the ledger: %s at %d", p.Code, p.Position)
	}
	s.digest = hex.EncodeToString(sum.Sum(nil)[:8])
	return s
}
