package ops

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Source is the house to copy. It may be at work.
type Source struct {
	DB      *sqldb.DB
	Files   blob.Store
	Config  *config.Config // where the ledger's folder and the secret are
	Program string         // version, for the manifest
}

// BackupOptions tune Backup.
type BackupOptions struct {
	// Replace allows the destination to exist.
	Replace bool
	// Progress is told what is being copied: "database" or "files", and how far. May be nil.
	Progress func(what string, done, total int64)
	// Now is the clock; nil means time.Now.
	Now func() time.Time

	// wrap stands between the archive and the disk in drills.
	wrap func(io.Writer) io.Writer
}

// BackupResult says what was copied.
type BackupResult struct {
	Path     string
	Size     int64 // bytes of the backup file
	Took     time.Duration
	Manifest Manifest
}

// OK reports whether every file was there and whole. A backup with damaged files
// is made all the same: it holds everything else.
func (r BackupResult) OK() bool { return len(r.Manifest.Missing)+len(r.Manifest.Corrupt) == 0 }

// Summary is the last line of `motcua backup`.
func (r BackupResult) Summary(lang string) string {
	ctx := i18n.WithLang(context.Background(), lang)
	args := []any{filepath.Base(r.Path), i18n.Bytes(ctx, r.Size), len(r.Manifest.Tables), i18n.Number(ctx, r.Manifest.Blobs), r.Took.Round(time.Millisecond * 100)}
	s := text("Đã sao lưu vào %s: %s, %d bảng, %s tệp, trong %v.", "Backed up to %s: %s, %d tables, %s files, in %v.", args...)
	if !r.OK() {
		n := len(r.Manifest.Missing) + len(r.Manifest.Corrupt)
		bad := text(" CHÚ Ý: %d tệp bị mất hoặc hỏng từ trước; chạy motcua doctor.", " ATTENTION: %d files were missing or damaged before; run motcua doctor.", n)
		s = i18n.Text{VI: s.VI + bad.VI, EN: s.EN + bad.EN}
	}
	return s.Lang(lang)
}

func text(vi, en string, args ...any) i18n.Text {
	if len(args) == 0 {
		return i18n.Text{VI: vi, EN: en}
	}
	return i18n.Text{VI: fmt.Sprintf(vi, args...), EN: fmt.Sprintf(en, args...)}
}

// Backup writes a consistent copy of the house to the file dest. The file
// appears under its name only when it is complete and on the disk.
func Backup(ctx context.Context, src Source, dest string, opt BackupOptions) (_ BackupResult, err error) {
	now := opt.Now
	if now == nil {
		now = time.Now
	}
	begun := now()
	if _, err := os.Stat(dest); err == nil && !opt.Replace {
		return BackupResult{}, errs.New(errs.Conflict, "backup.exists").Because(fmt.Errorf("%s exists", dest))
	}
	if err := os.MkdirAll(filepath.Dir(dest), 0o750); err != nil {
		return BackupResult{}, diskError(err)
	}
	partial := dest + ".partial"
	out, err := os.OpenFile(partial, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return BackupResult{}, diskError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close(), os.Remove(partial))
		}
	}()
	if err := enoughFor(ctx, src, filepath.Dir(dest)); err != nil {
		return BackupResult{}, err
	}
	disk := io.Writer(out)
	if opt.wrap != nil {
		disk = opt.wrap(out)
	}
	r, err := backupTo(ctx, src, disk, partial, begun, opt)
	if err != nil {
		return BackupResult{}, diskError(err)
	}
	if err := out.Sync(); err != nil {
		return BackupResult{}, diskError(err)
	}
	if err := out.Close(); err != nil {
		return BackupResult{}, diskError(err)
	}
	if err := os.Rename(partial, dest); err != nil {
		return BackupResult{}, diskError(err)
	}
	if err := blob.SyncDir(filepath.Dir(dest)); err != nil {
		return BackupResult{}, diskError(err)
	}
	r.Path, r.Took = dest, now().Sub(begun)
	return r, nil
}

// enoughFor refuses early what could not end well.
func enoughFor(ctx context.Context, src Source, dir string) error {
	free, err := blob.Free(dir)
	if err != nil || free < 0 {
		return err
	}
	need, err := databaseSize(ctx, src.DB)
	if err != nil {
		return err
	}
	if src.DB.Dialect() == sqldb.SQLite {
		need *= 2 // the snapshot, and its compressed copy
	}
	files, err := blob.Volume(ctx, src.DB)
	if err != nil {
		return err
	}
	if need += files; free < need {
		return errs.New(errs.Full, "storage.full").Because(fmt.Errorf("a backup needs up to %d bytes, %d are free", need, free))
	}
	return nil
}

func databaseSize(ctx context.Context, db *sqldb.DB) (n int64, err error) {
	if db.Dialect() == sqldb.Postgres {
		return n, db.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&n)
	}
	return n, db.QueryRow(ctx, `SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()`).Scan(&n)
}

// backupTo writes the archive. scratch is a path beside which there is room.
func backupTo(ctx context.Context, src Source, out io.Writer, scratch string, at time.Time, opt BackupOptions) (BackupResult, error) {
	a := newArchiveWriter(out)
	m := Manifest{Format: format, Program: src.Program, Engine: src.DB.Dialect(), CreatedAt: at.UTC().Truncate(time.Millisecond)}
	if err := a.addJSON(headName, m); err != nil {
		return BackupResult{}, err
	}
	// The ledger's checkpoints come before the snapshot: what they vouch for, the
	// snapshot then holds.
	if err := addAudit(a, src.Config, &m); err != nil {
		return BackupResult{}, err
	}
	m.SnapshotAt = m.CreatedAt
	tell := func(done, total int64) {
		if opt.Progress != nil {
			opt.Progress("database", done, total)
		}
	}
	dump := dumpSQLite
	if m.Engine == sqldb.Postgres {
		dump = dumpPostgres
	}
	objects, err := dump(ctx, src.DB, a, scratch, &m, tell)
	if err != nil {
		return BackupResult{}, fmt.Errorf("copying the database: %w", err)
	}
	if err := addBlobs(ctx, a, src.Files, objects, &m, opt.Progress); err != nil {
		return BackupResult{}, fmt.Errorf("copying the files: %w", err)
	}
	if err := a.addJSON(manifestName, m); err != nil {
		return BackupResult{}, err
	}
	if err := a.finish(); err != nil {
		return BackupResult{}, err
	}
	return BackupResult{Size: a.n, Manifest: m}, nil
}

// auditFiles are what makes the ledger's folder.
var auditFiles = []string{"key", "key.pub", "trusted", "checkpoints"}

func addAudit(a *archiveWriter, cfg *config.Config, m *Manifest) error {
	dir := cfg.AuditDir()
	for _, name := range auditFiles {
		if err := addFile(a, auditDir+name, filepath.Join(dir, name)); err != nil {
			return err
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoints")); err == nil {
		if m.Checkpoint, err = journal.LastCheckpoint(dir); err != nil {
			return fmt.Errorf("the ledger's checkpoints: %w", err)
		}
	}
	return addFile(a, secretName, filepath.Join(cfg.Dir, secretName))
}

// addFile copies a small file as it is now, if it is there. Files that only grow
// are cut where they end at this moment.
func addFile(a *archiveWriter, name, path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(header(name, st.Size())); err != nil {
		return err
	}
	_, err = io.CopyN(a.tar, f, st.Size())
	return err
}

// object is a content that the snapshot refers to, small enough to remember a million.
type object struct {
	hash [sha256.Size]byte
	size int64
}

// readObjects lists the contents that a database needs, a page at a time.
func readObjects(page func(after string, limit int) ([]blob.Object, error)) ([]object, error) {
	const limit = 5000
	var all []object
	for after := ""; ; {
		list, err := page(after, limit)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			var x object
			if n, err := hex.Decode(x.hash[:], []byte(o.Hash)); err != nil || n != sha256.Size {
				return nil, fmt.Errorf("%q is no content hash", o.Hash)
			}
			x.size = o.Size
			all = append(all, x)
			after = o.Hash
		}
		if len(list) < limit {
			return all, nil
		}
	}
}

func addBlobs(ctx context.Context, a *archiveWriter, store blob.Store, objects []object, m *Manifest, tell func(string, int64, int64)) error {
	for i, o := range objects {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := addBlob(ctx, a, store, o, m); err != nil {
			return err
		}
		if tell != nil {
			tell("files", int64(i+1), int64(len(objects)))
		}
	}
	return nil
}

// smallBlob is how large a content may be to be looked at before it is written.
const smallBlob = 8 << 20

func addBlob(ctx context.Context, a *archiveWriter, store blob.Store, o object, m *Manifest) (err error) {
	hash := hex.EncodeToString(o.hash[:])
	c, err := store.Open(ctx, hash)
	if errors.Is(err, blob.ErrAbsent) {
		m.Missing = append(m.Missing, hash)
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }() // it was only read
	if o.size <= smallBlob {
		b, err := io.ReadAll(io.LimitReader(c, o.size+1))
		if err != nil {
			return err
		}
		if sha256.Sum256(b) != o.hash {
			m.Corrupt = append(m.Corrupt, hash)
			return nil
		}
		m.Blobs++
		m.BlobBytes += int64(len(b))
		return a.add(blobDir+hash, b)
	}
	if _, err := blob.Verify(ctx, store, hash); errors.Is(err, blob.ErrCorrupt) {
		m.Corrupt = append(m.Corrupt, hash)
		return nil
	} else if err != nil {
		return err
	}
	if err := a.tar.WriteHeader(header(blobDir+hash, o.size)); err != nil {
		return err
	}
	if _, err := io.CopyN(a.tar, c, o.size); err != nil {
		return err
	}
	m.Blobs++
	m.BlobBytes += o.size
	return nil
}

// diskError gives a full disk its public face.
func diskError(err error) error {
	if err == nil || errs.Is(err, errs.Full) {
		return err
	}
	if blob.IsFull(err) || strings.Contains(err.Error(), "database or disk is full") {
		return errs.New(errs.Full, "storage.full").Because(err)
	}
	return err
}

// VerifyBackup reads a whole backup file and checks that every byte is what was
// written and that its parts are there. It restores nothing.
func VerifyBackup(ctx context.Context, file string) (m Manifest, err error) {
	a, err := openArchive(ctx, file, nil)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if m, err = a.manifest(); err != nil {
		return m, err
	}
	return m, a.check(ctx, m)
}

// check holds the entries against the manifest.
func (a *archive) check(ctx context.Context, m Manifest) error {
	var blobs, blobBytes int64
	streams := map[string]bool{}
	a.rewind()
	for {
		h, err := a.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if hash, ok := strings.CutPrefix(h.Name, blobDir); ok {
			sum := sha256.New()
			if _, err := io.Copy(sum, a.tar); err != nil {
				return damaged("%s: %v", h.Name, err)
			}
			if hex.EncodeToString(sum.Sum(nil)) != hash {
				return damaged("%s is not what its name says", h.Name)
			}
			blobs++
			blobBytes += h.Size
		} else if name, first := streamName(h.Name); first {
			streams[name] = true
		}
	}
	if blobs != m.Blobs || blobBytes != m.BlobBytes {
		return damaged("it holds %d files of %d bytes, the manifest says %d of %d", blobs, blobBytes, m.Blobs, m.BlobBytes)
	}
	if m.Engine == sqldb.SQLite && !streams[sqliteName] {
		return damaged("the database is missing")
	}
	for _, t := range m.Tables {
		if m.Engine == sqldb.Postgres && !streams[tableDir+t.Name] {
			return damaged("table %s is missing", t.Name)
		}
	}
	return nil
}

// AutoBackup makes a backup in dir under a name made of the time, reads it back, and
// removes the oldest ones beyond keep. It removes nothing before the new one is
// proven good.
func AutoBackup(ctx context.Context, src Source, dir string, keep int, opt BackupOptions) (BackupResult, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	name := autoPrefix + opt.Now().UTC().Format("20060102-150405") + autoSuffix
	r, err := Backup(ctx, src, filepath.Join(dir, name), opt)
	if err != nil {
		return r, err
	}
	if _, err := VerifyBackup(ctx, r.Path); err != nil {
		return r, fmt.Errorf("the new backup does not read back: %w", err)
	}
	all, err := autoBackups(dir)
	if err != nil {
		return r, err
	}
	for len(all) > max(keep, 1) {
		if err := os.Remove(filepath.Join(dir, all[0])); err != nil {
			return r, err
		}
		all = all[1:]
	}
	return r, nil
}

const (
	autoPrefix = "motcua-"
	autoSuffix = ".tar"
)

// autoBackups lists the backups that AutoBackup made in dir, the oldest first.
func autoBackups(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		stamp, ok := strings.CutPrefix(e.Name(), autoPrefix)
		if stamp, ok2 := strings.CutSuffix(stamp, autoSuffix); ok && ok2 {
			if _, err := time.Parse("20060102-150405", stamp); err == nil {
				names = append(names, e.Name())
			}
		}
	}
	return names, err
}
