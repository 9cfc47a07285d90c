package ops

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Target is the house to restore into. Nothing of it may be running.
type Target struct {
	Config *config.Config
	Files  blob.Store       // where the files go
	Lines  []sqldb.Line     // the tables this program knows
	Now    func() time.Time // nil means time.Now
}

// RestoreOptions tune Restore.
type RestoreOptions struct {
	// Progress is told what is being done: "verify", "database", "files". May be nil.
	Progress func(what string, done, total int64)
	// Reason is put on record in the ledger when it goes back in time; "" names the
	// backup and its time.
	Reason string

	// step is told of every stage before it begins; drills let it fail.
	step func(stage string) error
}

// RestoreResult says what was restored.
type RestoreResult struct {
	Manifest Manifest
	Kept     []string        // where the old data is now: files, folders, or a schema of the database
	Skipped  []string        // tables of the backup that this program does not have
	Lost     int             // files that the backup itself did not have
	Rewind   *journal.Rewind // what the ledger gave up; nil when it gave up nothing
	Took     time.Duration
}

// Summary is the last line of `motcua restore`.
func (r RestoreResult) Summary(lang string) string {
	ctx := i18n.WithLang(context.Background(), lang)
	at := r.Manifest.SnapshotAt
	s := text("Đã khôi phục dữ liệu lúc %s (%d bảng, %s tệp), trong %v.", "Restored the data of %s (%d tables, %s files), in %v.",
		i18n.DateTime(ctx, at), len(r.Manifest.Tables), i18n.Number(ctx, r.Manifest.Blobs), r.Took.Round(100*time.Millisecond))
	if len(r.Kept) > 0 {
		kept := strings.Join(r.Kept, ", ")
		more := text(" Dữ liệu cũ được giữ ở: %s.", " The old data is kept in: %s.", kept)
		s = i18n.Text{VI: s.VI + more.VI, EN: s.EN + more.EN}
	}
	if r.Lost > 0 {
		more := text(" CHÚ Ý: bản sao lưu thiếu %d tệp.", " ATTENTION: the backup lacked %d files.", r.Lost)
		s = i18n.Text{VI: s.VI + more.VI, EN: s.EN + more.EN}
	}
	return s.Lang(lang)
}

// restorer is one restore under way.
type restorer struct {
	ctx    context.Context
	target Target
	opt    RestoreOptions
	a      *archive
	m      Manifest
	stamp  string
	audit  map[string][]byte // the ledger's folder in the backup
	secret []byte
	result RestoreResult
}

// newDatabase is a database built beside the one in use.
type newDatabase interface {
	// address is how to open it before it is in use.
	address() string
	// swap puts it in the place of the one in use, in one step, and returns where that is now.
	swap(ctx context.Context) (kept []string, err error)
	// drop removes it; after swap it does nothing.
	drop(ctx context.Context) error
}

// Restore puts the house back to what it was when the backup was made.
//
// Everything that can go wrong goes wrong before anything is replaced: the file
// is read and checked to the last byte, the new database is built and proven
// beside the old one, every file is in the store. Errors: ErrDamaged, ErrRunning,
// errs.Full, and those that name what does not fit.
func Restore(ctx context.Context, file string, target Target, opt RestoreOptions) (_ RestoreResult, err error) {
	if target.Now == nil {
		target.Now = time.Now
	}
	if opt.step == nil {
		opt.step = func(string) error { return nil }
	}
	begun := target.Now()
	lock, err := AcquireLock(target.Config.Dir)
	if err != nil {
		return RestoreResult{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	r := &restorer{ctx: ctx, target: target, opt: opt, stamp: strings.ReplaceAll(begun.UTC().Format("20060102-150405.000"), ".", "-")}
	if err := r.run(file); err != nil {
		return RestoreResult{}, diskError(err)
	}
	r.result.Manifest, r.result.Took = r.m, target.Now().Sub(begun)
	return r.result, nil
}

func (r *restorer) run(file string) (err error) {
	r.a, err = openArchive(r.ctx, file, func(done, total int64) { r.tell("verify", done, total) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.a.Close()) }()
	if r.m, err = r.a.manifest(); err != nil {
		return err
	}
	if err := r.a.check(r.ctx, r.m); err != nil {
		return err
	}
	lines, err := r.knownLines()
	if err != nil {
		return err
	}
	if err := r.readSmall(); err != nil {
		return err
	}
	if err := r.stage("space", r.enoughSpace); err != nil {
		return err
	}
	var fresh newDatabase
	defer func() {
		if fresh != nil {
			err = errors.Join(err, fresh.drop(context.WithoutCancel(r.ctx)))
		}
	}()
	if err := r.stage("database", func() (err error) { fresh, err = r.build(lines); return err }); err != nil {
		return fmt.Errorf("building the new database: %w", err)
	}
	if err := r.stage("prove", func() error { return r.prove(fresh) }); err != nil {
		return fmt.Errorf("proving the new database: %w", err)
	}
	if err := r.stage("files", r.files); err != nil {
		return fmt.Errorf("restoring the files: %w", err)
	}
	if err := r.stage("present", func() error { return r.present(fresh) }); err != nil {
		return err
	}
	// The point of no return.
	if err := r.stage("swap", func() (err error) { r.result.Kept, err = fresh.swap(r.ctx); return err }); err != nil {
		return fmt.Errorf("putting the new database in place: %w", err)
	}
	if err := r.stage("audit", r.putAudit); err != nil {
		return fmt.Errorf("the data is restored, the folder of the ledger is not; run the restore again: %w", err)
	}
	return r.stage("rewind", r.rewind)
}

func (r *restorer) tell(what string, done, total int64) {
	if r.opt.Progress != nil {
		r.opt.Progress(what, done, total)
	}
}

func (r *restorer) stage(name string, do func() error) error {
	if err := errors.Join(r.ctx.Err(), r.opt.step(name)); err != nil {
		return err
	}
	return do()
}

// knownLines cuts the program's migrations to those that the backup has seen, and
// refuses a backup with others.
func (r *restorer) knownLines() ([]sqldb.Line, error) {
	last := map[string]int{}
	for _, s := range r.m.Steps {
		i := slices.IndexFunc(r.target.Lines, func(l sqldb.Line) bool { return l.Name == s.Line })
		if i < 0 {
			return nil, fmt.Errorf("the backup holds tables of %q, which this program (the backup was made by %s) does not know", s.Line, r.m.Program)
		}
		steps, err := r.target.Lines[i].Steps()
		if err != nil {
			return nil, err
		}
		if s.Number > len(steps) {
			return nil, fmt.Errorf("the backup was made by a newer program (%s): %s stands at %04d, this program knows %04d; install the newer program", r.m.Program, s.Line, s.Number, len(steps))
		}
		if known := steps[s.Number-1]; stepHash(known.SQL[r.m.Engine]) != s.Hash {
			return nil, fmt.Errorf("migration %s/%04d of the backup differs from the one this program knows", s.Line, s.Number)
		}
		last[s.Line] = max(last[s.Line], s.Number)
	}
	var lines []sqldb.Line
	for _, l := range r.target.Lines {
		if n := last[l.Name]; n > 0 {
			lines = append(lines, sqldb.Line{Name: l.Name, FS: upTo{l.FS, n}})
		}
	}
	return lines, nil
}

// stepHash is what package sqldb writes beside a migration that ran.
func stepHash(text string) string {
	h := sha256.Sum256([]byte(text))
	return hex.EncodeToString(h[:8])
}

// upTo shows the migrations of a line up to a number.
type upTo struct {
	fs.FS
	last int
}

// ReadDir implements fs.ReadDirFS, which is what finds the migrations.
func (u upTo) ReadDir(name string) ([]fs.DirEntry, error) {
	all, err := fs.ReadDir(u.FS, name)
	return slices.DeleteFunc(all, func(e fs.DirEntry) bool {
		var n int
		_, err := fmt.Sscanf(e.Name(), "%04d_", &n)
		return err == nil && n > u.last
	}), err
}

// readSmall remembers what is put in place by itself at the end.
func (r *restorer) readSmall() error {
	r.audit = map[string][]byte{}
	r.a.rewind()
	for {
		h, err := r.a.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		name, isAudit := strings.CutPrefix(h.Name, auditDir)
		switch {
		case isAudit && slices.Contains(auditFiles, name):
			if r.audit[name], err = io.ReadAll(r.a.tar); err != nil {
				return err
			}
		case h.Name == secretName:
			if r.secret, err = io.ReadAll(r.a.tar); err != nil {
				return err
			}
		case strings.HasPrefix(h.Name, blobDir), strings.HasPrefix(h.Name, tableDir), strings.HasPrefix(h.Name, sqliteName):
			return nil // they stand before the large parts
		}
	}
}

// enoughSpace looks before it leaps: the new data stands beside the old for a while.
func (r *restorer) enoughSpace() error {
	dir := r.target.Config.Dir
	var need int64
	if path, ok := r.sqlitePath(); ok {
		// Building from rows needs room for indexes, too.
		dir, need = filepath.Dir(path), r.m.Database*2
	}
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	if err := roomFor(dir, need); err != nil {
		return err
	}
	free, err := r.target.Files.Free(r.ctx)
	if err != nil || free < 0 {
		return err
	}
	var missing int64
	if err := r.eachBlob(func(hash string, size int64, _ io.Reader) error {
		if in, err := r.target.Files.Stat(r.ctx, hash); err != nil || in.Size != size {
			missing += size
		}
		return nil
	}); err != nil {
		return err
	}
	if free < missing+missing/50+need {
		return errs.New(errs.Full, "storage.full").Because(fmt.Errorf("the files need %d bytes more, %d are free", missing, free))
	}
	return nil
}

func roomFor(dir string, need int64) error {
	free, err := blob.Free(dir)
	if err != nil || free < 0 {
		return err
	}
	if free < need {
		return errs.New(errs.Full, "storage.full").Because(fmt.Errorf("the database needs %d bytes beside the old one, %d are free", need, free))
	}
	return nil
}

// sqlitePath is the file of the target's database, when it is one.
func (r *restorer) sqlitePath() (string, bool) {
	rest, ok := strings.CutPrefix(r.target.Config.DatabaseURL(), "sqlite:")
	return strings.TrimPrefix(rest, "//"), ok
}

// build makes the new database out of the backup.
func (r *restorer) build(lines []sqldb.Line) (newDatabase, error) {
	r.a.rewind()
	if path, ok := r.sqlitePath(); ok {
		return r.buildSQLite(path, lines)
	}
	return r.buildPostgres(r.target.Config.DatabaseURL(), lines)
}

// prove checks the new database as a doctor would: its pages, its rows, its ledger.
func (r *restorer) prove(fresh newDatabase) error {
	dir, err := os.MkdirTemp(r.target.Config.Dir, "restore-audit-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }() // a leftover does no harm
	for name, content := range r.audit {
		if name != "key" { // to check, the public half is enough
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
				return err
			}
		}
	}
	return withDatabase(r.ctx, fresh.address(), func(db *sqldb.DB) error {
		if err := soundness(r.ctx, db); err != nil {
			return err
		}
		for _, t := range r.m.Tables {
			if slices.Contains(r.result.Skipped, t.Name) {
				continue
			}
			var n int64
			if err := db.QueryRow(r.ctx, `SELECT count(*) FROM `+quoted(t.Name)).Scan(&n); err != nil {
				return err
			}
			if want := t.Rows; n != want && t.Name != "schema_step" {
				return damaged("table %s has %d rows, not %d", t.Name, n, want)
			}
		}
		if !slices.ContainsFunc(r.m.Steps, func(s Step) bool { return s.Line == journal.Line().Name }) {
			return nil // a house without a ledger, in tests
		}
		opt := journal.VerifyOptions{}
		if len(r.audit["checkpoints"]) > 0 {
			opt.Dir = dir
		}
		report, err := journal.Verify(r.ctx, db, opt)
		if err != nil {
			return err
		}
		if p := report.First(); p != nil {
			return damaged("its ledger is not sound: %s at position %d", p.Code, p.Position)
		}
		return nil
	})
}

// soundness asks SQLite to look at every page; PostgreSQL looks after its own.
func soundness(ctx context.Context, db *sqldb.DB) error {
	if db.Dialect() != sqldb.SQLite {
		return nil
	}
	found, err := sqldb.Strings(db.Query(ctx, `SELECT integrity_check FROM pragma_integrity_check`))
	if err != nil {
		return err
	}
	if len(found) != 1 || found[0] != "ok" {
		return damaged("the database is not sound: %s", strings.Join(found, "; "))
	}
	broken, err := sqldb.Strings(db.Query(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 5`))
	if err == nil && len(broken) > 0 {
		err = damaged("rows refer to others that are not there, in %s", strings.Join(broken, ", "))
	}
	return err
}

// eachBlob calls fn for every file of the backup, in its order.
func (r *restorer) eachBlob(fn func(hash string, size int64, content io.Reader) error) error {
	r.a.rewind()
	for {
		h, err := r.a.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if hash, ok := strings.CutPrefix(h.Name, blobDir); ok {
			if err := errors.Join(r.ctx.Err(), fn(hash, h.Size, r.a.tar)); err != nil {
				return err
			}
		}
	}
}

// files puts every file into the store. Files are only ever added: those of the
// old house stay where they are.
func (r *restorer) files() error {
	var n int64
	return r.eachBlob(func(hash string, size int64, content io.Reader) error {
		n++
		r.tell("files", n, r.m.Blobs)
		if in, err := r.target.Files.Stat(r.ctx, hash); err == nil && in.Size == size {
			if _, err := blob.Verify(r.ctx, r.target.Files, hash); err == nil {
				return nil
			}
		}
		ref, err := r.target.Files.Put(r.ctx, content)
		if err == nil && ref.Hash != hash {
			err = damaged("file %s has other bytes", hash)
		}
		return err
	})
}

// present makes sure that the new database refers to no file that is not there,
// but for those that the backup itself did not have.
func (r *restorer) present(fresh newDatabase) error {
	r.result.Lost = len(r.m.Missing) + len(r.m.Corrupt)
	return withDatabase(r.ctx, fresh.address(), func(db *sqldb.DB) error {
		_, err := readObjects(func(after string, limit int) ([]blob.Object, error) {
			list, err := blob.Objects(r.ctx, db, after, limit)
			if err != nil {
				return nil, err
			}
			for _, o := range list {
				in, err := r.target.Files.Stat(r.ctx, o.Hash)
				if err == nil && in.Size == o.Size || slices.Contains(r.m.Missing, o.Hash) || slices.Contains(r.m.Corrupt, o.Hash) {
					continue
				}
				if err != nil && !errors.Is(err, blob.ErrAbsent) {
					return nil, err
				}
				return nil, damaged("the database refers to file %s, which it does not hold", o.Hash)
			}
			return list, nil
		})
		return err
	})
}

// putAudit gives a house without a ledger's folder that of the backup. A folder
// with the same key is kept: its checkpoints know more than the backup's.
func (r *restorer) putAudit() error {
	dir := r.target.Config.AuditDir()
	if len(r.secret) > 0 {
		path := filepath.Join(r.target.Config.Dir, secretName)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			if err := blob.WriteDurably(path, r.secret, 0o600); err != nil {
				return err
			}
		}
	}
	if len(r.audit) == 0 {
		return nil
	}
	have, err := os.ReadFile(filepath.Join(dir, "key"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil && bytes.Equal(have, r.audit["key"]) {
		return nil
	}
	next := dir + ".restore-" + r.stamp
	if err := os.RemoveAll(next); err != nil {
		return err
	}
	if err := os.MkdirAll(next, 0o700); err != nil {
		return err
	}
	for name, content := range r.audit {
		if err := blob.WriteDurably(filepath.Join(next, name), content, 0o600); err != nil {
			return err
		}
	}
	if _, err := os.Stat(dir); err == nil {
		// Another house kept its ledger here; its folder is evidence and stays.
		aside := dir + ".before-restore-" + r.stamp
		if err := os.Rename(dir, aside); err != nil {
			return err
		}
		r.result.Kept = append(r.result.Kept, aside)
	}
	if err := os.Rename(next, dir); err != nil {
		return err
	}
	return blob.SyncDir(filepath.Dir(dir))
}

// rewind puts on record that the ledger went back, where it did.
func (r *restorer) rewind() error {
	dir := r.target.Config.AuditDir()
	if _, err := os.Stat(filepath.Join(dir, "key")); errors.Is(err, fs.ErrNotExist) {
		return nil // there never was a ledger's folder
	} else if err != nil {
		return err
	}
	return withDatabase(r.ctx, r.target.Config.DatabaseURL(), func(db *sqldb.DB) error {
		j, err := journal.New(db, journal.Options{Dir: dir, Now: r.target.Now})
		if err != nil {
			return err
		}
		if err := j.Start(r.ctx); !errors.Is(err, journal.ErrRewound) {
			return err
		}
		reason := r.opt.Reason
		if reason == "" {
			reason = "restored from the backup of " + r.m.SnapshotAt.UTC().Format(time.RFC3339)
		}
		back, err := journal.AcceptRewind(r.ctx, db, dir, "", reason)
		if err != nil {
			return fmt.Errorf("the data is restored, but the ledger does not accept it: %w", err)
		}
		r.result.Rewind = &back
		return nil
	})
}
