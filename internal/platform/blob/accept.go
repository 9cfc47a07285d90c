package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// accept judges staged bytes, stores them and writes the file's row, in that
// order. upload, when given, becomes done in the same transaction.
func (f *Files) accept(ctx context.Context, staged Staged, name, owner, key string, upload *Upload) (_ File, err error) {
	defer func() { f.stats.saved(err, staged.Ref().Size) }()
	ref := staged.Ref()
	if ref.Size == 0 {
		return File{}, errs.New(errs.Invalid, "file.empty")
	}
	file := File{ID: id.New(), Hash: ref.Hash, Size: ref.Size, Owner: owner, CreatedAt: sqldb.Time(sqldb.Millis(f.opt.Now()))}
	if err := f.look(ctx, staged, name, &file); err != nil {
		return File{}, err
	}
	if file.Scan == Infected {
		f.opt.Log.WarnContext(ctx, "an upload was refused", "virus", file.ScanNote)
		return File{}, infected(file.ScanNote)
	}
	for range 3 {
		if err := f.reserve(ctx, ref.Hash, ref.Size); err != nil {
			return File{}, err
		}
		if err := staged.Commit(ctx); err != nil {
			return File{}, err
		}
		// The bytes are safe. From here on the person who sent them may hang up.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
		stored, err := f.insert(ctx, file, key, upload)
		cancel()
		if !errors.Is(err, errSwept) {
			return stored, err
		}
	}
	return File{}, errs.New(errs.Unavailable, "storage.away").Because(errSwept)
}

// errSwept says that the sweep took the bytes between their storing and their row,
// which needs a machine that stood still for a day.
var errSwept = errors.New("the bytes were swept before their row was written")

// look finds type and verdict in the content.
func (f *Files) look(ctx context.Context, staged Staged, name string, file *File) (err error) {
	c, err := staged.Open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	if file.Type, file.Name, err = Identify(c, file.Size, name); err != nil {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, f.opt.ScanWait)
	defer cancel()
	file.Scan, file.ScanNote = f.scan(wait, c, file.Size)
	return nil
}

// Notes of files that were not scanned.
const (
	noScanner   = "no-scanner"
	scannerAway = "scanner-away"
)

// scanPause is how long uploads go on without asking a scanner that just failed.
const scanPause = 30 * time.Second

// scan asks the scanner. Whatever happens to it is no reason to refuse a file.
func (f *Files) scan(ctx context.Context, c Content, size int64) (verdict, note string) {
	defer func() { f.stats.scanned(verdict) }()
	if f.opt.Scanner == nil {
		return Quarantined, noScanner
	}
	if f.opt.Now().UnixMilli() < f.scanAfter.Load() {
		return Pending, scannerAway
	}
	v, err := f.opt.Scanner.Scan(ctx, section(c, size), size)
	switch {
	case err != nil:
		if f.scanAfter.Swap(f.opt.Now().Add(scanPause).UnixMilli()) == 0 {
			f.opt.Log.WarnContext(ctx, "the virus scanner is away; files wait for their scan", "err", err)
		}
		return Pending, scannerAway
	case v.Skipped != "":
		return Quarantined, v.Skipped
	case v.Virus != "":
		return Infected, v.Virus
	}
	f.scanAfter.Store(0)
	return Clean, ""
}

// Times that order those who store some bytes and those who sweep them.
const (
	// sweepStale is how old a mark of the sweep is when its bearer must be dead: it
	// removes bytes at most sweepLimit after making it.
	sweepStale = 15 * time.Minute
	sweepLimit = time.Minute
	// reserveTries × reservePause is how long to wait for a sweep at work.
	reserveTries = 100
	reservePause = 100 * time.Millisecond
)

// reserve announces that bytes are about to be stored, so that the sweep leaves
// them alone, and waits when the sweep is just removing the same bytes.
func (f *Files) reserve(ctx context.Context, hash string, size int64) error {
	for range reserveTries {
		now := f.opt.Now()
		var mine int64
		err := f.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			mine, err = tx.Exec(ctx, `INSERT INTO blob_object (hash, size, state, touched_at, verified_at, problem)
				VALUES ($1, $2, 'live', $3, 0, '')
				ON CONFLICT (hash) DO UPDATE SET state = 'live', touched_at = excluded.touched_at
				WHERE blob_object.state = 'live' OR blob_object.touched_at < $4`,
				hash, size, sqldb.Millis(now), sqldb.Millis(now.Add(-sweepStale)))
			return err
		})
		if err != nil {
			return err
		}
		if mine == 1 {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(reservePause):
		}
	}
	return errs.New(errs.Unavailable, "storage.away").Because(fmt.Errorf("the sweep still holds %s", hash))
}

// insert writes the row of a file whose bytes are stored. For a used key it
// returns the file stored under it.
func (f *Files) insert(ctx context.Context, file File, key string, upload *Upload) (File, error) {
	var stored File
	// What an owner holds is summed up, so that those of one owner clash.
	err := f.db.TxInTurn(ctx, []string{"files of " + file.Owner}, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE blob_object SET problem = '' WHERE hash = $1 AND state = 'live'`, file.Hash)
		if err != nil {
			return err
		}
		if n == 0 {
			return errSwept
		}
		if upload != nil {
			// Of two who finish one upload, the slower returns the file of the faster.
			var other string
			if err := tx.QueryRow(ctx, `SELECT file_id FROM blob_upload WHERE id = $1`, upload.ID).Scan(&other); err != nil {
				return err
			}
			if other != "" {
				stored, err = f.get(ctx, tx, other)
				return err
			}
		}
		if key != "" { // what was taken once is not refused for want of room
			if stored, err = f.storedUnder(ctx, tx, file, key); !errors.Is(err, sqldb.ErrNotFound) {
				return err
			}
		}
		if err := f.quota(ctx, tx, file.Owner, file.Size, upload); err != nil {
			return err
		}
		at := sqldb.Millis(file.CreatedAt)
		n, err = tx.Exec(ctx, `INSERT INTO blob_file (id, hash, size, type, name, owner, once, scan, scan_note, scan_after, scan_tries, created_at, freed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $10, $10)
			ON CONFLICT (owner, once) DO NOTHING`,
			file.ID, file.Hash, file.Size, file.Type, file.Name, file.Owner, sqldb.NullString(onceKey(key)), file.Scan, file.ScanNote, at)
		if err != nil {
			return err
		}
		stored = file
		if n == 0 {
			if stored, err = f.storedUnder(ctx, tx, file, key); err != nil {
				return err
			}
		}
		if upload == nil {
			return nil
		}
		n, err = tx.Exec(ctx, `UPDATE blob_upload SET state = 'done', file_id = $1 WHERE id = $2 AND state = 'open' AND received = $3`,
			stored.ID, upload.ID, upload.Offset)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NewConflict("upload.moved")
		}
		_, err = tx.Exec(ctx, `DELETE FROM blob_part WHERE upload_id = $1`, upload.ID)
		return err
	})
	if err != nil {
		return File{}, err
	}
	return stored, nil
}

// storedUnder returns the file that was stored under a key, which must be the same one;
// sqldb.ErrNotFound when there is none.
func (f *Files) storedUnder(ctx context.Context, tx *sqldb.Tx, file File, key string) (File, error) {
	var first string
	if err := tx.QueryRow(ctx, `SELECT id FROM blob_file WHERE owner = $1 AND once = $2`, file.Owner, onceKey(key)).Scan(&first); err != nil {
		return File{}, err
	}
	stored, err := f.get(ctx, tx, first)
	if err == nil && stored.Hash != file.Hash {
		err = errs.NewConflict("file.key-reused")
	}
	return stored, err
}

// onceKey makes a key that every engine takes, whatever it was made of.
func onceKey(key string) string {
	if len(key) <= 200 && utf8.ValidString(key) && !strings.ContainsRune(key, 0) {
		return key
	}
	h := sha256.Sum256([]byte(key))
	return "sha256:" + hex.EncodeToString(h[:])
}

// quota holds an owner to the bytes that nothing has claimed yet, open uploads
// included. What a dossier holds no longer counts.
func (f *Files) quota(ctx context.Context, tx *sqldb.Tx, owner string, more int64, except *Upload) error {
	skip := ""
	if except != nil {
		skip = except.ID
	}
	var held int64
	if err := tx.QueryRow(ctx, `SELECT CAST(
			COALESCE((SELECT SUM(size) FROM blob_file WHERE owner = $1 AND freed_at > 0 AND deleted_at IS NULL), 0) +
			COALESCE((SELECT SUM(CASE WHEN size > received THEN size ELSE received END) FROM blob_upload WHERE owner = $1 AND state = 'open' AND id <> $2), 0)
			AS BIGINT)`, owner, skip).Scan(&held); err != nil {
		return err
	}
	if held+more > f.opt.MaxOwner {
		return errs.New(errs.TooLarge, "file.quota", "max", megabytes(f.opt.MaxOwner))
	}
	return nil
}

// roomLeft refuses an upload before its bytes arrive when the disk is nearly
// full: the database must be able to go on.
func (f *Files) roomLeft(ctx context.Context, more int64) error {
	if f.opt.KeepFree < 0 {
		return nil
	}
	free, err := f.store.Free(ctx)
	if err != nil {
		return err
	}
	if free >= 0 && free < f.opt.KeepFree+max(more, 0) {
		return errs.New(errs.Full, "storage.full").Because(fmt.Errorf("%d bytes are free", free))
	}
	return nil
}

// discard forgets staged bytes. What stays behind is swept.
func (f *Files) discard(ctx context.Context, s Staged) {
	if err := s.Discard(context.WithoutCancel(ctx)); err != nil {
		f.opt.Log.WarnContext(ctx, "staged bytes stay for the sweep", "err", err)
	}
}
