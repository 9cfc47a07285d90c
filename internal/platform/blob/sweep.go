package blob

import (
	"context"
	"errors"
	"fmt"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// batch is how many rows a job takes in one bite.
const batch = 200

// SweepReport says what a sweep did.
type SweepReport struct {
	Uploads int // uploads given up
	Files   int // files marked deleted because nothing claims them
	Objects int // contents removed
	Staged  int // leftovers of broken uploads removed
}

// Sweep removes what nobody needs: uploads that stopped, files that nothing has
// claimed for Options.OrphanAge (they are marked first and keep their bytes for
// Options.Grace), contents without a file, and leftovers of crashes.
func (f *Files) Sweep(ctx context.Context) (r SweepReport, err error) {
	now := f.opt.Now()
	steps := []func() error{
		func() error { return f.sweepUploads(ctx, now, &r.Uploads) },
		func() error { return f.sweepFiles(ctx, now, &r.Files) },
		func() error { return f.markObjects(ctx, now) },
		func() error { return f.sweepObjects(ctx, &r.Objects) },
		func() error { return f.sweepStaged(ctx, now, &r.Staged) },
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (f *Files) sweepUploads(ctx context.Context, now time.Time, n *int) error {
	for {
		ids, err := sqldb.Strings(f.db.Query(ctx, `SELECT id FROM blob_upload WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2`, sqldb.Millis(now), int64(batch)))
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := f.dropUpload(ctx, id, sqldb.Millis(now)); err != nil {
				return err
			}
			*n++
		}
	}
}

// sweepFiles marks unclaimed files deleted, and removes the rows of those whose grace is over.
func (f *Files) sweepFiles(ctx context.Context, now time.Time, marked *int) error {
	for {
		var n int64
		err := f.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			n, err = tx.Exec(ctx, `UPDATE blob_file SET deleted_at = $1, once = NULL WHERE id IN (
					SELECT id FROM blob_file WHERE freed_at > 0 AND freed_at < $2 AND deleted_at IS NULL ORDER BY freed_at, id LIMIT $3)
				AND NOT EXISTS (SELECT 1 FROM blob_claim c WHERE c.file_id = blob_file.id)`,
				sqldb.Millis(now), sqldb.Millis(now.Add(-f.opt.OrphanAge)), int64(batch))
			return err
		})
		if err != nil {
			return err
		}
		*marked += int(n)
		if n == 0 {
			break
		}
	}
	for {
		var n int64
		err := f.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
			n, err = tx.Exec(ctx, `DELETE FROM blob_file WHERE id IN (
					SELECT id FROM blob_file WHERE deleted_at < $1 ORDER BY deleted_at, id LIMIT $2)
				AND NOT EXISTS (SELECT 1 FROM blob_claim c WHERE c.file_id = blob_file.id)`,
				sqldb.Millis(now.Add(-f.opt.Grace)), int64(batch))
			return err
		})
		if err != nil || n == 0 {
			return err
		}
	}
}

// markObjects marks contents that no file refers to and nobody stored lately. From
// then on whoever stores the same bytes waits until they are gone.
func (f *Files) markObjects(ctx context.Context, now time.Time) error {
	after := ""
	for {
		hashes, err := sqldb.Strings(f.db.Query(ctx, `SELECT hash FROM blob_object o WHERE hash > $1 AND state = 'live' AND touched_at < $2
			AND NOT EXISTS (SELECT 1 FROM blob_file b WHERE b.hash = o.hash) ORDER BY hash LIMIT $3`,
			after, sqldb.Millis(now.Add(-f.opt.OrphanAge)), int64(batch)))
		if err != nil || len(hashes) == 0 {
			return err
		}
		after = hashes[len(hashes)-1]
		in, args := placeholders(3, hashes)
		// The same conditions again: between the reading and now somebody may have come.
		if err := f.db.Tx(ctx, func(tx *sqldb.Tx) error {
			_, err := tx.Exec(ctx, `UPDATE blob_object SET state = 'deleting', touched_at = $1 WHERE hash IN (`+in+`) AND state = 'live' AND touched_at < $2
				AND NOT EXISTS (SELECT 1 FROM blob_file b WHERE b.hash = blob_object.hash)`,
				append([]any{sqldb.Millis(now), sqldb.Millis(now.Add(-f.opt.OrphanAge))}, args...)...)
			return err
		}); err != nil {
			return err
		}
	}
}

// sweepObjects removes the bytes of marked contents, then their rows.
func (f *Files) sweepObjects(ctx context.Context, removed *int) error {
	after := ""
	for {
		hashes, err := sqldb.Strings(f.db.Query(ctx, `SELECT hash FROM blob_object WHERE state = 'deleting' AND hash > $1 ORDER BY hash LIMIT $2`, after, int64(batch)))
		if err != nil || len(hashes) == 0 {
			return err
		}
		after = hashes[len(hashes)-1]
		for _, hash := range hashes {
			if err := f.removeObject(ctx, hash); err != nil {
				return err
			}
			*removed++
		}
	}
}

func (f *Files) removeObject(ctx context.Context, hash string) error {
	// The mark is renewed right before the deed: whoever waits for us only gives us
	// up for dead sweepStale after this moment.
	var mine int64
	if err := f.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		mine, err = tx.Exec(ctx, `UPDATE blob_object SET touched_at = $1 WHERE hash = $2 AND state = 'deleting'`, sqldb.Millis(f.opt.Now()), hash)
		return err
	}); err != nil || mine == 0 {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	if err := f.store.Delete(limited, hash); err != nil {
		return err
	}
	return f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM blob_object WHERE hash = $1 AND state = 'deleting'`, hash)
		return err
	})
}

// sweepStaged removes staged bytes that belong to no upload and are so old that
// no request can still be at them.
func (f *Files) sweepStaged(ctx context.Context, now time.Time, removed *int) error {
	var old []string
	err := f.store.WalkStaged(ctx, func(id string, at time.Time) error {
		if at.Before(now.Add(-f.opt.OrphanAge)) {
			old = append(old, id)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, id := range old {
		var one int
		err := f.db.QueryRow(ctx, `SELECT 1 FROM blob_part WHERE staged = $1`, id).Scan(&one)
		if err == nil {
			continue
		}
		if !errors.Is(err, sqldb.ErrNotFound) {
			return err
		}
		if err := f.store.DiscardStaged(ctx, id); err != nil {
			return err
		}
		*removed++
	}
	return nil
}

// VerifyReport says what a verification read.
type VerifyReport struct {
	Checked  int
	Bytes    int64
	Missing  []string // hashes
	Corrupt  []string // hashes
	Complete bool     // everything was read; false when time ran out
}

// Verify reads stored contents, those not read for longest first, compares them
// with their hashes and remembers what is missing or corrupt for the check of
// the same name. It stops when ctx ends; the next run goes on where it stopped.
func (f *Files) Verify(ctx context.Context) (r VerifyReport, err error) {
	begun := f.opt.Now()
	for {
		// Bytes being stored right now have a row but perhaps no name yet.
		rows, err := f.db.Query(context.WithoutCancel(ctx), `SELECT hash, size FROM blob_object
			WHERE state = 'live' AND verified_at < $1 AND touched_at < $2 ORDER BY verified_at, hash LIMIT $3`,
			sqldb.Millis(begun), sqldb.Millis(begun.Add(-time.Hour)), int64(batch/4))
		objects, err := sqldb.Collect[Object](rows, err)(func(r *sqldb.Rows) (o Object, err error) { return o, r.Scan(&o.Hash, &o.Size) })
		if err != nil {
			return r, err
		}
		if len(objects) == 0 {
			r.Complete = true
			return r, nil
		}
		found := map[string]string{}
		for _, o := range objects {
			problem, err := f.verifyOne(ctx, o, &r)
			if ctx.Err() != nil {
				break
			}
			if err != nil {
				return r, errors.Join(err, f.noteVerified(ctx, found, begun))
			}
			found[o.Hash] = problem
		}
		if err := f.noteVerified(ctx, found, begun); err != nil {
			return r, err
		}
		if ctx.Err() != nil {
			return r, nil //nolint:nilerr // the time is up, which is no fault
		}
	}
}

func (f *Files) verifyOne(ctx context.Context, o Object, r *VerifyReport) (problem string, err error) {
	n, err := Verify(ctx, f.store, o.Hash)
	r.Bytes += n
	switch {
	case errors.Is(err, ErrAbsent):
		r.Missing = append(r.Missing, o.Hash)
		problem = problemMissing
	case errors.Is(err, ErrCorrupt), err == nil && n != o.Size:
		r.Corrupt = append(r.Corrupt, o.Hash)
		problem = problemCorrupt
	case err != nil && ctx.Err() == nil:
		return "", fmt.Errorf("reading %s: %w", o.Hash, err)
	case err != nil:
		return "", nil //nolint:nilerr // the time is up, which is no fault
	}
	r.Checked++
	if problem != "" {
		f.opt.Log.ErrorContext(ctx, "stored bytes are not what they were; restore them from a backup", "hash", o.Hash, "problem", problem)
	}
	return problem, nil
}

func (f *Files) noteVerified(ctx context.Context, found map[string]string, at time.Time) error {
	ctx = context.WithoutCancel(ctx)
	return f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		for hash, problem := range found {
			if _, err := tx.Exec(ctx, `UPDATE blob_object SET verified_at = $1, problem = $2 WHERE hash = $3`, sqldb.Millis(at), problem, hash); err != nil {
				return err
			}
		}
		return nil
	})
}

// Problems returns up to limit hashes of contents known to be missing or corrupt.
func (f *Files) Problems(ctx context.Context, limit int) ([]string, error) {
	return sqldb.Strings(f.db.Query(ctx, `SELECT hash FROM blob_object WHERE problem > '' ORDER BY problem, hash LIMIT $1`, int64(limit)))
}

// rescanAfter grows from minutes to half a day with the number of tries.
func rescanAfter(tries int64) time.Duration {
	return min(5*time.Minute<<min(tries, 8), 12*time.Hour)
}

// Rescan scans files that have no verdict yet. While the scanner is away it does
// nothing and returns nil: the files can wait, and the check says it.
func (f *Files) Rescan(ctx context.Context) (scanned int, err error) {
	if f.opt.Scanner == nil {
		return 0, nil
	}
	if _, err := f.opt.Scanner.Ping(ctx); err != nil {
		f.opt.Log.WarnContext(ctx, "the virus scanner is away; files wait for their scan", "err", err)
		return 0, nil
	}
	f.scanAfter.Store(0)
	begun := f.opt.Now()
	for {
		rows, err := f.db.Query(ctx, `SELECT `+fileColumns+`, scan_tries FROM blob_file
			WHERE scan IN ('pending', 'quarantined') AND scan_after <= $1 AND deleted_at IS NULL ORDER BY scan_after, id LIMIT $2`,
			sqldb.Millis(begun), int64(batch/4))
		type row struct {
			File
			tries int64
		}
		list, err := sqldb.Collect[row](rows, err)(func(r *sqldb.Rows) (v row, err error) {
			var created int64
			err = r.Scan(&v.ID, &v.Name, &v.Hash, &v.Size, &v.Type, &v.Owner, &v.Scan, &v.ScanNote, &created, &v.tries)
			v.CreatedAt = sqldb.Time(created)
			return v, err
		})
		if err != nil || len(list) == 0 {
			return scanned, err
		}
		for _, v := range list {
			if ctx.Err() != nil {
				return scanned, nil //nolint:nilerr // the time is up, which is no fault
			}
			verdict, note := f.rescanOne(ctx, v.File)
			if verdict == Clean || verdict == Infected {
				scanned++
			}
			if err := f.settle(ctx, v.File, verdict, note, rescanAfter(v.tries)); err != nil {
				return scanned, err
			}
			if note == scannerAway {
				// Either the scanner went away, or it chokes on this one file, which then must
				// not keep the others waiting.
				if _, err := f.opt.Scanner.Ping(ctx); err != nil {
					return scanned, nil //nolint:nilerr // the files can wait; the check says that the scanner is away
				}
				f.scanAfter.Store(0)
			}
		}
	}
}

func (f *Files) rescanOne(ctx context.Context, file File) (verdict, note string) {
	c, err := f.store.Open(ctx, file.Hash)
	if err != nil {
		f.opt.Log.ErrorContext(ctx, "a file cannot be opened for its scan", "file", file.ID, "err", err)
		return Pending, scannerAway
	}
	defer func() { _ = c.Close() }() // it was only read
	return f.scan(ctx, c, file.Size)
}

// settle writes a verdict, and tells those concerned when it is bad.
func (f *Files) settle(ctx context.Context, file File, verdict, note string, wait time.Duration) error {
	if note == skippedTooLarge {
		wait = 7 * 24 * time.Hour // only another setting of the scanner changes that
	}
	return f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE blob_file SET scan = $1, scan_note = $2, scan_after = $3, scan_tries = scan_tries + 1
			WHERE id = $4 AND scan IN ('pending', 'quarantined')`,
			verdict, note, sqldb.Millis(f.opt.Now().Add(wait)), file.ID)
		if err != nil || n == 0 || verdict != Infected || f.opt.OnInfected == nil {
			return err
		}
		streams, err := f.Streams(ctx, tx, file.ID)
		if err != nil {
			return err
		}
		file.Scan, file.ScanNote = verdict, note
		return f.opt.OnInfected(ctx, tx, file, streams)
	})
}

// Unscanned returns how many files wait for a verdict (Pending) and how many
// have none for other reasons (Quarantined).
func (f *Files) Unscanned(ctx context.Context) (pending, quarantined int64, err error) {
	err = f.db.QueryRow(ctx, `SELECT
		(SELECT count(*) FROM blob_file WHERE scan = 'pending' AND deleted_at IS NULL),
		(SELECT count(*) FROM blob_file WHERE scan = 'quarantined' AND deleted_at IS NULL)`).Scan(&pending, &quarantined)
	return pending, quarantined, err
}

// Healthy says what is wrong with what is stored, as far as Verify and readers
// have found out; nil when nothing is.
func (f *Files) Healthy(ctx context.Context) error {
	bad, err := f.Problems(ctx, 20)
	if err == nil && len(bad) > 0 {
		err = errs.New(errs.Internal, "blob.problems", "n", len(bad)).Because(fmt.Errorf("missing or corrupt: %v", bad))
	}
	return err
}

// ScannerUp says whether the virus scanner answers; nil when there is none to ask.
func (f *Files) ScannerUp(ctx context.Context) error {
	if f.opt.Scanner == nil {
		return nil
	}
	if _, err := f.opt.Scanner.Ping(ctx); err != nil {
		return errs.New(errs.Unavailable, "blob.scanner-away").Because(err)
	}
	return nil
}
