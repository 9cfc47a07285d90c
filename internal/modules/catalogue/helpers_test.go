package catalogue

import (
	"bytes"
	"context"
	"io/fs"
	"path"
	"testing"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// roomLines are the tables the tests need.
func roomLines() []sqldb.Line {
	return []sqldb.Line{journal.Line(), job.Line(), blob.Line(), procedure.Line(), Line()}
}

// house is the room with everything under it.
type house struct {
	*Service
	t      testing.TB
	db     *sqldb.DB
	jobs   *job.Queue
	ledger *journal.Journal
	procs  *procedure.Service
	ctx    context.Context
	now    time.Time
}

func furnish(t testing.TB, db *sqldb.DB) *house {
	t.Helper()
	h := &house{t: t, db: db, now: time.Date(2026, 11, 27, 8, 0, 0, 0, time.UTC), ctx: identity.With(t.Context(), identity.System)}
	now := func() time.Time { return h.now }
	ledger, err := journal.New(db, journal.Options{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	store, err := blob.NewDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	h.ledger = ledger
	h.jobs = job.New(db, job.Options{Now: now})
	files := blob.NewFiles(db, store, blob.Options{Now: now, KeepFree: -1})
	h.procs = procedure.New(procedure.Deps{DB: db, Journal: ledger, Now: now})
	h.Service = New(Deps{DB: db, Journal: ledger, Procedures: h.procs, Files: files, Jobs: h.jobs, Now: now})
	return h
}

// upload stores files and returns their ids.
func (h *house) upload(files ...[]byte) (ids []string) {
	h.t.Helper()
	for _, data := range files {
		f, err := h.deps.Files.Save(h.ctx, "danh-muc.jsonl", "system", bytes.NewReader(data))
		if err != nil {
			h.t.Fatal(err)
		}
		ids = append(ids, f.ID)
	}
	return ids
}

// load imports files to the end.
func (h *house) load(apply bool, files ...[]byte) Run {
	h.t.Helper()
	run, err := h.Start(h.ctx, h.upload(files...), apply)
	if err != nil {
		h.t.Fatal(err)
	}
	h.work()
	return h.run(run.ID)
}

// work does all jobs.
func (h *house) work() {
	h.t.Helper()
	if _, err := h.jobs.RunDue(h.ctx, h.Module().Jobs, nil); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) run(id string) Run {
	h.t.Helper()
	run, _, err := h.Run(h.ctx, id)
	if err != nil {
		h.t.Fatal(err)
	}
	return run
}

// count asks a number of the database.
func (h *house) count(query string, args ...any) (n int) {
	h.t.Helper()
	if err := h.db.QueryRow(h.ctx, query, args...).Scan(&n); err != nil {
		h.t.Fatal(err)
	}
	return n
}

// folder reads the files of a folder by name.
func folder(t testing.TB, root fs.FS, dir, pattern string) (out [][]byte) {
	t.Helper()
	names, err := fs.Glob(root, path.Join(dir, pattern))
	if err != nil || len(names) == 0 {
		t.Fatalf("%s/%s: %d files, %v", dir, pattern, len(names), err)
	}
	for _, n := range names {
		data, err := fs.ReadFile(root, n)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, data)
	}
	return out
}

// words are those of the room.
func words(t testing.TB) *i18n.Bundle {
	t.Helper()
	b, err := i18n.New(sub(locales, "locale"))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
