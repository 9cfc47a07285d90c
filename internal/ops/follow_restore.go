package ops

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// ErrNoMoment says that a continuous backup does not reach back so far.
var ErrNoMoment = errors.New("the continuous backup holds no such moment")

// Moment is a state that one can go back to.
type Moment struct {
	At      time.Time
	Engine  sqldb.Dialect
	Program string

	first note // of the generation
}

// read hands the records to each up to a time, all of them when it is zero, and
// returns the last moment; the zero Moment when the copy was not complete by then.
func (g generation) read(ctx context.Context, until time.Time, each func(note, []byte) error) (m Moment, err error) {
	r, err := openRecords(g.path)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, r.close()) }()
	for begun := false; ; begun = true {
		n, payload, err := r.next()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return m, err
		}
		if err := ctx.Err(); err != nil {
			return m, err
		}
		if !begun {
			m.first, m.Engine, m.Program = n, n.Engine, n.Program
		}
		if !until.IsZero() && n.At.After(until) {
			return m, nil
		}
		if err := each(n, payload); err != nil {
			return m, err
		}
		if n.Ready {
			m.At = n.At
		}
	}
}

// replayed is a house put together again out of a continuous backup.
type replayed struct {
	Moment
	db    *os.File
	small map[string][]byte
	size  int64 // bytes of the database
}

// apply takes a record in.
func (p *replayed) apply(n note, payload []byte) error {
	if n.Files != nil {
		p.small = maps.Clone(n.Files)
	}
	if n.Ledger != "" {
		p.small[auditDir+"checkpoints"] = append(slices.Clone(p.small[auditDir+"checkpoints"]), n.Ledger...)
	}
	for ; len(payload) > 0; payload = payload[4+n.Page:] {
		number := int64(binary.BigEndian.Uint32(payload))
		if number == 0 {
			return damaged("a page without a number")
		}
		if _, err := p.db.WriteAt(payload[4:4+n.Page], (number-1)*n.Page); err != nil {
			return diskError(err)
		}
	}
	if n.Size > 0 {
		p.size = int64(n.Size) * n.Page
	}
	return nil
}

// replay puts the house as it was at a time into the folder scratch.
func replay(ctx context.Context, dir string, at time.Time, scratch string) (_ *replayed, err error) {
	all, err := generations(dir)
	if err != nil {
		return nil, err
	}
	for _, g := range slices.Backward(all) {
		if g.began.After(at) {
			continue
		}
		p := &replayed{small: map[string][]byte{}}
		if p.db, err = os.OpenFile(filepath.Join(scratch, "motcua.db"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600); err != nil {
			return nil, err
		}
		p.Moment, err = g.read(ctx, at, p.apply)
		if err == nil && p.At.IsZero() { // not complete at that time: the one before knows
			if err := p.db.Close(); err != nil {
				return nil, err
			}
			continue
		}
		if err == nil {
			err = p.db.Truncate(p.size)
		}
		if err := errors.Join(err, p.db.Sync(), p.db.Close()); err != nil {
			return nil, err
		}
		return p, p.put(scratch)
	}
	return nil, ErrNoMoment
}

// put writes the small files where a house has them.
func (p *replayed) put(dir string) error {
	if err := os.MkdirAll(filepath.Join(dir, auditDir), 0o700); err != nil {
		return err
	}
	for name, text := range p.small {
		if name != secretName && (filepath.Dir(name)+"/" != auditDir || !slices.Contains(auditFiles, filepath.Base(name))) {
			return damaged("it holds a file %q", name)
		}
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), text, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// RestoreAt puts the house back to the last moment of a continuous backup that is
// not after at, with all that Restore checks. A house on PostgreSQL must have been
// brought to that time by PostgreSQL already: then its files, the ledger's folder
// and the secret are put in place, and the whole is proven.
func RestoreAt(ctx context.Context, dir string, at time.Time, target Target, opt RestoreOptions) (_ RestoreResult, err error) {
	scratch, err := scratchIn(target.Config.Dir)
	if err != nil {
		return RestoreResult{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(scratch)) }()
	p, err := replay(ctx, dir, at, scratch)
	if err != nil {
		return RestoreResult{}, err
	}
	files, err := blob.NewDir(filepath.Join(dir, filesDir))
	if err != nil {
		return RestoreResult{}, err
	}
	if p.Engine == sqldb.Postgres {
		return p.besides(ctx, files, target, opt)
	}
	// Everything that a restore checks, it checks of a backup file: so one is made.
	cfg := *target.Config
	cfg.Dir, cfg.Database.URL = scratch, ""
	file := filepath.Join(scratch, "moment.tar")
	if err := withDatabase(ctx, cfg.DatabaseURL(), func(db *sqldb.DB) error {
		_, err := Backup(ctx, Source{DB: db, Files: files, Config: &cfg, Program: p.Program}, file, BackupOptions{Now: func() time.Time { return p.At }})
		return err
	}); err != nil {
		return RestoreResult{}, fmt.Errorf("putting the moment together: %w", err)
	}
	return Restore(ctx, file, target, opt)
}

func scratchIn(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return "", err
	}
	return os.MkdirTemp(dir, "moment-")
}

// besides restores what PostgreSQL does not keep.
func (p *replayed) besides(ctx context.Context, files blob.Store, target Target, opt RestoreOptions) (_ RestoreResult, err error) {
	if target.Now == nil {
		target.Now = time.Now
	}
	begun := target.Now()
	lock, err := AcquireLock(target.Config.Dir)
	if err != nil {
		return RestoreResult{}, err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	r := &restorer{ctx: ctx, target: target, opt: opt, stamp: begun.UTC().Format("20060102-150405-000"), audit: map[string][]byte{}, secret: p.small[secretName]}
	r.m = Manifest{Engine: p.Engine, Program: p.Program, CreatedAt: p.At, SnapshotAt: p.At}
	for _, name := range auditFiles {
		if text, ok := p.small[auditDir+name]; ok {
			r.audit[name] = text
		}
	}
	if err := withDatabase(ctx, target.Config.DatabaseURL(), func(db *sqldb.DB) error {
		if _, err := readObjects(func(after string, limit int) ([]blob.Object, error) {
			list, err := blob.Objects(ctx, db, after, limit)
			if err != nil {
				return nil, err
			}
			for _, o := range list {
				if err := r.fetch(files, o); err != nil {
					return nil, err
				}
			}
			return list, nil
		}); err != nil {
			return err
		}
		report, err := journal.Verify(ctx, db, journal.VerifyOptions{})
		if err != nil {
			return err
		}
		if problem := report.First(); problem != nil {
			return damaged("the ledger is not sound: %s at position %d", problem.Code, problem.Position)
		}
		return nil
	}); err != nil {
		return RestoreResult{}, err
	}
	if err := errors.Join(r.putAudit(), r.rewind()); err != nil {
		return RestoreResult{}, err
	}
	r.result.Manifest, r.result.Took = r.m, target.Now().Sub(begun)
	return r.result, nil
}

// fetch puts one file into the store of the house.
func (r *restorer) fetch(from blob.Store, o blob.Object) error {
	r.m.Blobs++
	if in, err := r.target.Files.Stat(r.ctx, o.Hash); err == nil && in.Size == o.Size {
		return nil
	}
	c, err := from.Open(r.ctx, o.Hash)
	if errors.Is(err, blob.ErrAbsent) {
		r.result.Lost++
		return nil
	}
	if err != nil {
		return err
	}
	ref, err := r.target.Files.Put(r.ctx, c)
	if err == nil && ref.Hash != o.Hash {
		err = damaged("file %s has other bytes", o.Hash)
	}
	return errors.Join(err, c.Close())
}

// FollowReport is what a continuous backup holds.
type FollowReport struct {
	Oldest, Newest time.Time // moments
	Generations    int
	Records, Files int64
}

// VerifyFollow reads a whole continuous backup: every record, and every file that
// a record names.
func VerifyFollow(ctx context.Context, dir string) (r FollowReport, err error) {
	all, err := generations(dir)
	if err != nil {
		return r, err
	}
	files, err := blob.NewDir(filepath.Join(dir, filesDir))
	if err != nil {
		return r, err
	}
	seen := map[string]bool{}
	for _, g := range all {
		m, err := g.read(ctx, time.Time{}, func(n note, _ []byte) error {
			r.Records++
			if n.Ready && r.Oldest.IsZero() {
				r.Oldest = n.At
			}
			for _, hash := range n.Objects {
				if seen[hash] {
					continue
				}
				seen[hash] = true
				if _, err := blob.Verify(ctx, files, hash); errors.Is(err, blob.ErrCorrupt) {
					return damaged("file %s has other bytes", hash)
				} else if err != nil && !errors.Is(err, blob.ErrAbsent) {
					return err
				}
				r.Files++
			}
			return nil
		})
		if err != nil {
			return r, err
		}
		if r.Generations++; m.At.After(r.Newest) {
			r.Newest = m.At
		}
	}
	if r.Newest.IsZero() {
		return r, ErrNoMoment
	}
	return r, nil
}
