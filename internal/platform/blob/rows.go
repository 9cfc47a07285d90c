package blob

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

const fileColumns = `id, name, hash, size, type, owner, scan, scan_note, created_at`

func scanFile(r interface{ Scan(...any) error }) (f File, err error) {
	var created int64
	err = r.Scan(&f.ID, &f.Name, &f.Hash, &f.Size, &f.Type, &f.Owner, &f.Scan, &f.ScanNote, &created)
	f.CreatedAt = sqldb.Time(created)
	return f, err
}

func (f *Files) get(ctx context.Context, r sqldb.Reader, id string) (File, error) {
	file, err := scanFile(r.QueryRow(ctx, `SELECT `+fileColumns+` FROM blob_file WHERE id = $1 AND deleted_at IS NULL`, id))
	if errors.Is(err, sqldb.ErrNotFound) {
		return File{}, errs.NewNotFound("file.not-found")
	}
	return file, err
}

func (f *Files) getMany(ctx context.Context, r sqldb.Reader, ids []string) ([]File, error) {
	found := map[string]File{}
	for chunk := range slices.Chunk(ids, 200) {
		in, args := placeholders(1, chunk)
		rows, err := r.Query(ctx, `SELECT `+fileColumns+` FROM blob_file WHERE id IN (`+in+`) AND deleted_at IS NULL`, args...)
		list, err := sqldb.Collect[File](rows, err)(func(r *sqldb.Rows) (File, error) { return scanFile(r) })
		if err != nil {
			return nil, err
		}
		for _, file := range list {
			found[file.ID] = file
		}
	}
	files := make([]File, 0, len(found))
	for _, id := range ids {
		if file, ok := found[id]; ok {
			files = append(files, file)
		}
	}
	return files, nil
}

// placeholders writes "$from, $from+1, …" for values, and gives them as arguments.
func placeholders(from int, values []string) (string, []any) {
	marks := make([]string, len(values))
	args := make([]any, len(values))
	for i, v := range values {
		marks[i], args[i] = fmt.Sprintf("$%d", from+i), v
	}
	return strings.Join(marks, ", "), args
}

func (f *Files) upload(ctx context.Context, r sqldb.Reader, id, owner string) (u Upload, err error) {
	var once sql.NullString
	var expires int64
	err = r.QueryRow(ctx, `SELECT id, name, size, owner, once, received, state, file_id, expires_at FROM blob_upload WHERE id = $1 AND owner = $2`, id, owner).
		Scan(&u.ID, &u.Name, &u.Size, &u.Owner, &once, &u.Offset, &u.State, &u.FileID, &expires)
	if errors.Is(err, sqldb.ErrNotFound) {
		return Upload{}, errs.NewNotFound("upload.not-found")
	}
	u.Key, u.ExpiresAt = once.String, sqldb.Time(expires)
	if err == nil && u.State == UploadOpen && f.opt.Now().After(u.ExpiresAt) {
		return Upload{}, errs.New(errs.Gone, "upload.expired")
	}
	return u, err
}

func (f *Files) parts(ctx context.Context, uploadID string) ([]part, error) {
	rows, err := f.db.Query(ctx, `SELECT start, size, staged FROM blob_part WHERE upload_id = $1 ORDER BY start LIMIT $2`, uploadID, int64(maxParts)+1)
	return sqldb.Collect[part](rows, err)(func(r *sqldb.Rows) (p part, err error) { return p, r.Scan(&p.start, &p.size, &p.staged) })
}

// Claim says, in the transaction that makes it true, that stream ("dossier/<id>",
// "draft/<id>") needs the files: they are not swept as long as any claim stands.
// Claiming again changes nothing. A file that is gone is file.not-found, an
// infected one file.infected. Whose files may be claimed is the caller's rule.
func (f *Files) Claim(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error {
	ids := slices.Clone(fileIDs)
	slices.Sort(ids) // one order for all, or two claims could wait for each other
	ids = slices.Compact(ids)
	files, err := f.getMany(ctx, tx, ids)
	if err != nil {
		return err
	}
	if len(files) != len(ids) {
		return errs.NewNotFound("file.not-found")
	}
	for _, file := range files {
		if file.Scan == Infected {
			return infected(file.ScanNote)
		}
	}
	now := sqldb.Millis(f.opt.Now())
	for chunk := range slices.Chunk(ids, 200) {
		values := make([]string, len(chunk))
		args := []any{stream, now}
		for i, id := range chunk {
			values[i] = fmt.Sprintf("($%d, $1, $2)", i+3)
			args = append(args, id)
		}
		if err := tx.Later(ctx, `INSERT INTO blob_claim (file_id, stream, claimed_at) VALUES `+strings.Join(values, ", ")+` ON CONFLICT (file_id, stream) DO NOTHING`, args...); err != nil {
			return err
		}
		in, args := placeholders(1, chunk)
		// The row itself is written, so that the sweep and this claim see each other.
		n, err := tx.Exec(ctx, `UPDATE blob_file SET freed_at = 0 WHERE id IN (`+in+`) AND deleted_at IS NULL`, args...)
		if err != nil {
			return err
		}
		if n != int64(len(chunk)) {
			return errs.NewNotFound("file.not-found")
		}
	}
	return nil
}

// Release takes claims back: those on fileIDs, or all of stream when none are
// named. A file that nothing claims any more goes the way of unclaimed files.
func (f *Files) Release(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error {
	ids := fileIDs
	if len(ids) == 0 {
		var err error
		if ids, err = sqldb.Strings(tx.Query(ctx, `SELECT file_id FROM blob_claim WHERE stream = $1 ORDER BY file_id LIMIT 100000`, stream)); err != nil {
			return err
		}
	}
	now := sqldb.Millis(f.opt.Now())
	for chunk := range slices.Chunk(ids, 200) {
		in, args := placeholders(2, chunk)
		if _, err := tx.Exec(ctx, `DELETE FROM blob_claim WHERE stream = $1 AND file_id IN (`+in+`)`, append([]any{stream}, args...)...); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `UPDATE blob_file SET freed_at = $1 WHERE id IN (`+in+`) AND freed_at = 0
			AND NOT EXISTS (SELECT 1 FROM blob_claim c WHERE c.file_id = blob_file.id)`, append([]any{now}, args...)...); err != nil {
			return err
		}
	}
	return nil
}

// ClaimedBy returns the files of a stream, in the order they were uploaded.
func (f *Files) ClaimedBy(ctx context.Context, r sqldb.Reader, stream string) ([]File, error) {
	rows, err := r.Query(ctx, `SELECT f.id, f.name, f.hash, f.size, f.type, f.owner, f.scan, f.scan_note, f.created_at
		FROM blob_claim c JOIN blob_file f ON f.id = c.file_id
		WHERE c.stream = $1 AND f.deleted_at IS NULL ORDER BY f.id LIMIT 10000`, stream)
	return sqldb.Collect[File](rows, err)(func(r *sqldb.Rows) (File, error) { return scanFile(r) })
}

// Streams returns what claims a file, sorted: whoever may read one of them may
// be given the file.
func (f *Files) Streams(ctx context.Context, r sqldb.Reader, fileID string) ([]string, error) {
	return sqldb.Strings(r.Query(ctx, `SELECT stream FROM blob_claim WHERE file_id = $1 ORDER BY stream LIMIT 1000`, fileID))
}

// Problems of stored bytes.
const (
	problemMissing = "missing"
	problemCorrupt = "corrupt"
)

// note remembers what was found about stored bytes. It must not fail what found it.
func (f *Files) note(ctx context.Context, hash, problem string) {
	if err := f.db.Tx(context.WithoutCancel(ctx), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE blob_object SET problem = $1 WHERE hash = $2`, problem, hash)
		return err
	}); err != nil {
		f.opt.Log.ErrorContext(ctx, "a problem with stored bytes could not be noted", "hash", hash, "problem", problem, "err", err)
	}
}

// Object is content that files refer to, for backup and checks.
type Object struct {
	Hash string
	Size int64
}

// Objects returns contents that files need, in the order of their hashes, from
// after a hash on; at most limit.
func Objects(ctx context.Context, r sqldb.Reader, after string, limit int) ([]Object, error) {
	rows, err := r.Query(ctx, ObjectsQuery, after, int64(limit))
	return sqldb.Collect[Object](rows, err)(func(r *sqldb.Rows) (o Object, err error) { return o, r.Scan(&o.Hash, &o.Size) })
}

// ObjectsQuery is the query of Objects, for those who hold the database by another
// handle. Arguments: the hash to begin after, the limit.
const ObjectsQuery = `SELECT hash, MAX(size) FROM blob_file WHERE hash > $1 AND deleted_at IS NULL GROUP BY hash ORDER BY hash LIMIT $2`

// ObjectsAfter returns contents of files handed in after a file, in the order in
// which they came; at most limit. next is where to go on.
func ObjectsAfter(ctx context.Context, r sqldb.Reader, fileID string, limit int) (objects []Object, next string, err error) {
	rows, err := r.Query(ctx, `SELECT id, hash, size FROM blob_file WHERE id > $1 AND deleted_at IS NULL ORDER BY id LIMIT $2`, fileID, int64(limit))
	next = fileID
	objects, err = sqldb.Collect[Object](rows, err)(func(r *sqldb.Rows) (o Object, err error) { return o, r.Scan(&next, &o.Hash, &o.Size) })
	return objects, next, err
}

// Volume returns how many bytes the contents have that files need.
func Volume(ctx context.Context, r sqldb.Reader) (n int64, err error) {
	return n, r.QueryRow(ctx, `SELECT CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM (SELECT MAX(size) AS size FROM blob_file WHERE deleted_at IS NULL GROUP BY hash) x`).Scan(&n)
}

func section(c io.ReaderAt, size int64) io.Reader { return io.NewSectionReader(c, 0, size) }
