package blob

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
)

// maxParts bounds the pieces of one upload, so that a broken client which sends
// a byte at a time cannot fill the database.
const maxParts = 10_000

// Begin opens an upload of u.Name, u.Size and u.Owner. With a Key, beginning again
// gives the same upload, as far as it has come.
func (f *Files) Begin(ctx context.Context, u Upload) (Upload, error) {
	switch {
	case u.Owner == "":
		return Upload{}, errors.New("an upload needs an owner")
	case u.Size == 0:
		return Upload{}, errs.New(errs.Invalid, "file.empty")
	case u.Size > f.opt.MaxFile:
		return Upload{}, f.tooLarge()
	}
	u.Size = max(u.Size, -1)
	if err := f.roomLeft(ctx, u.Size); err != nil {
		return Upload{}, err
	}
	now := f.opt.Now()
	u = Upload{ID: id.New(), Name: SafeName(u.Name), Size: u.Size, Owner: u.Owner, Key: u.Key, State: UploadOpen,
		ExpiresAt: sqldb.Time(sqldb.Millis(now.Add(f.opt.UploadTTL)))}
	var got Upload
	err := f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		if u.Key != "" {
			var first string
			err := tx.QueryRow(ctx, `SELECT id FROM blob_upload WHERE owner = $1 AND once = $2`, u.Owner, onceKey(u.Key)).Scan(&first)
			if err == nil {
				got, err = f.upload(ctx, tx, first, u.Owner)
				if err == nil && got.Size != u.Size {
					err = errs.NewConflict("file.key-reused")
				}
				return err
			}
			if !errors.Is(err, sqldb.ErrNotFound) {
				return err
			}
		}
		got = u
		if err := f.quota(ctx, tx, u.Owner, max(u.Size, 0), nil); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `INSERT INTO blob_upload (id, name, size, owner, once, received, parts, state, file_id, created_at, expires_at)
			VALUES ($1, $2, $3, $4, $5, 0, 0, 'open', '', $6, $7)`,
			u.ID, u.Name, u.Size, u.Owner, sqldb.NullString(onceKey(u.Key)), sqldb.Millis(now), sqldb.Millis(u.ExpiresAt))
		return err
	})
	if errors.Is(err, sqldb.ErrDuplicate) {
		// On PostgreSQL two first requests with one key may meet: the other one won.
		return f.Begin(ctx, u)
	}
	return got, err
}

// Upload returns how far an upload has come. To anyone but its owner it does not exist.
func (f *Files) Upload(ctx context.Context, uploadID, owner string) (Upload, error) {
	return f.upload(ctx, f.db, uploadID, owner)
}

// Append adds the bytes of r at offset. The upload that it returns tells how far
// it has come, also beside an error: what arrived before a line was cut is kept.
// A chunk sent again, because its answer got lost, changes nothing.
//
// Errors: upload.offset (Conflict) when the chunk does not begin where the upload
// stands, file.too-large, upload.too-long (more than was declared), upload.expired (Gone), upload.closed (Conflict),
// storage.full (Full), storage.away (Unavailable), and the error of r.
func (f *Files) Append(ctx context.Context, uploadID, owner string, offset int64, r io.Reader) (Upload, error) {
	u, err := f.Upload(ctx, uploadID, owner)
	if err != nil {
		return Upload{}, err
	}
	if u.State != UploadOpen {
		return u, errs.NewConflict("upload.closed")
	}
	if offset > u.Offset || offset < 0 {
		return u, errs.NewConflict("upload.offset", "offset", u.Offset)
	}
	if err := f.roomLeft(ctx, 0); err != nil {
		return u, err
	}
	limit := &limitReader{r: r, left: f.opt.MaxFile - offset, over: f.tooLarge()}
	if u.Size >= 0 {
		limit.left, limit.over = u.Size-offset, errs.New(errs.TooLarge, "upload.too-long")
	}
	tolerant := &tolerantReader{r: limit}
	// The line may be cut under us; what arrived is stored all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Hour)
	defer cancel()
	staged, err := f.store.Stage(ctx, tolerant)
	if err != nil {
		return u, err
	}
	kept := false
	defer func() {
		if !kept {
			f.discard(ctx, staged)
		}
	}()
	if errs.Is(tolerant.err, errs.TooLarge) {
		return u, tolerant.err
	}
	if staged.Ref().Size == 0 {
		return u, tolerant.err
	}
	if offset == u.Offset {
		if err := staged.Keep(ctx); err != nil {
			return u, err
		}
	}
	u, kept, err = f.append(ctx, u, offset, staged)
	return u, errors.Join(err, tolerant.err)
}

// append writes the row of a part whose bytes are kept, and reports whether they
// are now part of the upload.
func (f *Files) append(ctx context.Context, u Upload, offset int64, staged Staged) (_ Upload, kept bool, err error) {
	ref := staged.Ref()
	var now Upload
	err = f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		kept = false
		if now, err = f.upload(ctx, tx, u.ID, u.Owner); err != nil {
			return err
		}
		if now.State != UploadOpen {
			return errs.NewConflict("upload.closed")
		}
		if now.Offset != offset {
			// Perhaps the same chunk again: the first answer was lost on the way.
			var hash string
			err := tx.QueryRow(ctx, `SELECT hash FROM blob_part WHERE upload_id = $1 AND start = $2 AND size = $3`, u.ID, offset, ref.Size).Scan(&hash)
			if err != nil && !errors.Is(err, sqldb.ErrNotFound) {
				return err
			}
			if hash == ref.Hash {
				return nil
			}
			return errs.NewConflict("upload.offset", "offset", now.Offset)
		}
		if _, err := tx.Exec(ctx, `INSERT INTO blob_part (upload_id, start, size, hash, staged) VALUES ($1, $2, $3, $4, $5)`,
			u.ID, offset, ref.Size, ref.Hash, staged.ID()); err != nil {
			return err
		}
		expires := f.opt.Now().Add(f.opt.UploadTTL)
		n, err := tx.Exec(ctx, `UPDATE blob_upload SET received = received + $1, parts = parts + 1, expires_at = $2
			WHERE id = $3 AND state = 'open' AND received = $4 AND parts < $5`,
			ref.Size, sqldb.Millis(expires), u.ID, offset, int64(maxParts))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.New(errs.Invalid, "upload.too-many-parts")
		}
		now.Offset += ref.Size
		now.ExpiresAt = sqldb.Time(sqldb.Millis(expires))
		kept = true
		return nil
	})
	if err != nil {
		// Where the commit's answer was lost, the row may well stand: then kept says so,
		// and bytes that belong to nothing after all are the sweep's.
		if now.ID == "" {
			now = u
		}
		if errors.Is(err, sqldb.ErrDuplicate) {
			err = errs.NewConflict("upload.offset", "offset", now.Offset)
		}
	}
	return now, kept, err
}

// Finish joins the parts of a complete upload into a file, once: finishing again
// gives the same file. Its errors are those of Save, and upload.incomplete
// (Conflict), upload.expired (Gone), upload.refused (Invalid).
func (f *Files) Finish(ctx context.Context, uploadID, owner string) (File, error) {
	u, err := f.Upload(ctx, uploadID, owner)
	if err != nil {
		return File{}, err
	}
	switch {
	case u.State == UploadDone:
		return f.Get(ctx, u.FileID)
	case u.State != UploadOpen:
		return File{}, errs.New(errs.Invalid, "upload.refused")
	case u.Size >= 0 && u.Offset != u.Size:
		return File{}, errs.NewConflict("upload.incomplete", "offset", u.Offset)
	}
	parts, err := f.parts(ctx, u.ID)
	if err != nil {
		return File{}, err
	}
	joined := &partsReader{ctx: ctx, store: f.store, parts: parts}
	defer joined.close()
	staged, err := f.store.Stage(ctx, joined)
	if err == nil {
		defer f.discard(ctx, staged)
		if got := staged.Ref().Size; got != u.Offset {
			err = fmt.Errorf("%d bytes in the parts, not %d: %w", got, u.Offset, ErrAbsent)
		}
	}
	if errors.Is(err, ErrAbsent) {
		// Another one finished it meanwhile, or the parts did not survive a restore.
		if again, err := f.Upload(ctx, uploadID, owner); err == nil && again.State == UploadDone {
			return f.Get(ctx, again.FileID)
		}
		return File{}, errs.New(errs.Gone, "upload.expired").Because(err)
	}
	if err != nil {
		return File{}, err
	}
	file, err := f.accept(ctx, staged, u.Name, u.Owner, "", &u)
	if refusesContent(err) {
		f.refuse(ctx, u, parts)
	}
	if err == nil {
		f.dropParts(ctx, parts)
	}
	return file, err
}

// refusesContent tells a verdict about the bytes, which no repetition changes,
// from a trouble of ours.
func refusesContent(err error) bool {
	return (errs.Is(err, errs.Invalid) || errs.Is(err, errs.TooLarge)) && !errs.HasCode(err, "file.quota")
}

// refuse closes an upload whose content may not be stored and frees its parts.
func (f *Files) refuse(ctx context.Context, u Upload, parts []part) {
	err := f.db.Tx(ctx, func(tx *sqldb.Tx) error {
		n, err := tx.Exec(ctx, `UPDATE blob_upload SET state = 'refused' WHERE id = $1 AND state = 'open'`, u.ID)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM blob_part WHERE upload_id = $1`, u.ID)
		return err
	})
	if err != nil {
		f.opt.Log.WarnContext(ctx, "a refused upload stays open until it expires", "upload", u.ID, "err", err)
		return
	}
	f.dropParts(ctx, parts)
}

// Abort gives an open upload up and frees what arrived.
func (f *Files) Abort(ctx context.Context, uploadID, owner string) error {
	u, err := f.Upload(ctx, uploadID, owner)
	if err != nil {
		return err
	}
	if u.State != UploadOpen {
		return errs.NewConflict("upload.closed")
	}
	return f.dropUpload(ctx, u.ID, 0)
}

// dropUpload removes an upload and its parts; when before is given, only if it
// still expires before that moment.
func (f *Files) dropUpload(ctx context.Context, uploadID string, before int64) error {
	parts, err := f.parts(ctx, uploadID)
	if err != nil {
		return err
	}
	var n int64
	if err := f.db.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		n, err = tx.Exec(ctx, `DELETE FROM blob_upload WHERE id = $1 AND (CAST($2 AS BIGINT) = 0 OR expires_at < $2)`, uploadID, before)
		if err != nil || n == 0 {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM blob_part WHERE upload_id = $1`, uploadID)
		return err
	}); err != nil || n == 0 {
		return err
	}
	f.dropParts(ctx, parts)
	return nil
}

func (f *Files) dropParts(ctx context.Context, parts []part) {
	ctx = context.WithoutCancel(ctx)
	for _, p := range parts {
		if err := f.store.DiscardStaged(ctx, p.staged); err != nil {
			f.opt.Log.WarnContext(ctx, "a part stays for the sweep", "err", err)
		}
	}
}

// tolerantReader ends where its source breaks and remembers why, so that what
// came before is kept.
type tolerantReader struct {
	r   io.Reader
	err error
}

func (t *tolerantReader) Read(p []byte) (int, error) {
	if t.err != nil {
		return 0, io.EOF
	}
	n, err := t.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err, err = err, io.EOF
	}
	return n, err
}

type part struct {
	start, size int64
	staged      string
}

// partsReader reads the parts of an upload one after the other.
type partsReader struct {
	ctx   context.Context
	store Store
	parts []part
	cur   Content
	at    int64
}

func (p *partsReader) Read(b []byte) (int, error) {
	for {
		if p.cur == nil {
			if len(p.parts) == 0 {
				return 0, io.EOF
			}
			if p.parts[0].start != p.at {
				return 0, fmt.Errorf("a part is missing at %d: %w", p.at, ErrAbsent)
			}
			c, err := p.store.OpenStaged(p.ctx, p.parts[0].staged)
			if err != nil {
				return 0, err
			}
			p.cur, p.parts = c, p.parts[1:]
		}
		n, err := p.cur.Read(b)
		p.at += int64(n)
		if errors.Is(err, io.EOF) {
			err = p.cur.Close()
			p.cur = nil
			if n == 0 && err == nil {
				continue
			}
		}
		return n, err
	}
}

func (p *partsReader) close() {
	if p.cur != nil {
		_ = p.cur.Close() // it was only read
	}
}
