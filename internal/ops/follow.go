package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/sqldb"
)

// FollowOptions tune a Follower.
type FollowOptions struct {
	Dir  string        // where the copy lives, best on another disk
	Keep time.Duration // how far back one can go; default a week
	Now  func() time.Time
	Log  *slog.Logger
}

// How a follower works. A moment is what one can go back to.
const (
	followEvery  = time.Second      // between two moments
	followRest   = time.Minute      // at most between two tries while there is trouble: each begins with a whole copy
	followAnew   = 24 * time.Hour   // between two whole copies: replaying a day is a matter of minutes
	followTurn   = 16 << 20         // bytes of log after which the database takes it in
	followAside  = 512 << 20        // bytes of log after which the house goes on without being followed
	followLookup = 30 * time.Second // how late a file may become visible after its id was made
	filesDir     = "files"
)

// Follower keeps a continuous backup (sao lưu liên tục): a whole copy, and every
// second what changed since. The embedded database is followed by its write-ahead
// log, files and the ledger's checkpoints by what was added. PostgreSQL archives
// its own log; there only files and checkpoints are followed.
type Follower struct {
	src   Source
	opt   FollowOptions
	files *blob.Dir

	mu     sync.Mutex // one copy at a time
	gen    *recorder
	began  time.Time // of the generation
	log    logCursor
	keyed  bool            // the generation has the ledger's key
	ledger int64           // bytes of the checkpoints that were copied
	listed map[string]bool // contents named in this generation since it began
	last   time.Time
	fault  error
	decay  error // what was wrong with old copies when the last whole one was made
}

// Follow prepares to follow a house. The database must have been opened with KeepLog.
func Follow(src Source, opt FollowOptions) (*Follower, error) {
	if opt.Now == nil {
		opt.Now = time.Now
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	if opt.Keep == 0 {
		opt.Keep = 7 * 24 * time.Hour
	}
	if err := os.MkdirAll(opt.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the continuous backup: %w", err)
	}
	files, err := blob.NewDir(filepath.Join(opt.Dir, filesDir))
	if err != nil {
		return nil, err
	}
	return &Follower{src: src, opt: opt, files: files, last: opt.Now()}, nil
}

// Run follows until ctx ends. Trouble never stops the house: it is logged when it
// begins and ends, told by Fault, and tried again.
func (f *Follower) Run(ctx context.Context) { persist(ctx, f.Copy, f.opt.Log) }

// persist copies again and again, at longer and longer intervals while that fails: a
// full disk is not helped by a whole copy every second.
func persist(ctx context.Context, copyNow func(context.Context) error, log *slog.Logger) {
	wait := followEvery
	tick := time.NewTicker(wait)
	defer tick.Stop()
	for ctx.Err() == nil {
		switch err := copyNow(ctx); {
		case err == nil && wait > followEvery:
			log.InfoContext(ctx, "the house is followed again")
			wait = followEvery
			tick.Reset(wait)
		case err != nil && ctx.Err() == nil:
			if wait == followEvery {
				log.ErrorContext(ctx, "the house cannot be followed, which is tried again every minute at the latest", "err", err)
			}
			wait = min(2*wait, followRest)
			tick.Reset(wait)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Copy makes a moment now.
func (f *Follower) Copy(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	err := f.copy(ctx)
	if errors.Is(err, errGap) {
		f.opt.Log.WarnContext(ctx, "a new whole copy is made", "why", err)
		f.drop()
		err = f.copy(ctx)
	}
	if err != nil {
		// What is half written is not gone on with.
		f.drop()
		err = errors.Join(diskError(err), f.relieve(ctx))
	}
	if f.fault = err; err == nil {
		f.last = f.opt.Now()
	}
	return err
}

// Finish makes the last moment, when everything else has ended, and lets go.
func (f *Follower) Finish(ctx context.Context) error {
	err := f.Copy(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gen != nil {
		err = errors.Join(err, f.gen.close())
		f.gen = nil
	}
	return err
}

// Fault is why the house is not followed, nil when it is.
func (f *Follower) Fault() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if late := f.opt.Now().Sub(f.last); f.fault == nil && late > time.Minute {
		return fmt.Errorf("the last moment is %s old", late.Round(time.Second))
	}
	if f.fault == nil {
		return f.decay
	}
	return fmt.Errorf("the last moment is of %s; a new one is tried every minute at the latest: %w", f.last.UTC().Format(time.RFC3339), f.fault)
}

func (f *Follower) embedded() bool { return f.src.DB.Dialect() == sqldb.SQLite }

func (f *Follower) logPath() string { return f.src.DB.Path() + "-wal" }

func (f *Follower) copy(ctx context.Context) error {
	now := f.opt.Now()
	if f.gen == nil || now.Sub(f.began) > followAnew {
		if err := f.begin(ctx, now); err != nil {
			return err
		}
		// What is wrong with old copies is no reason to stop making new ones.
		if f.decay = f.forget(ctx, now); f.decay != nil {
			f.opt.Log.ErrorContext(ctx, "old copies could not be read or removed", "err", f.decay)
		}
	}
	if err := f.moment(ctx); err != nil {
		return err
	}
	if !f.embedded() {
		return nil
	}
	st, err := os.Stat(f.logPath())
	if err != nil || st.Size() < followTurn {
		return ignoreAbsent(err)
	}
	return f.turn(ctx)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// begin makes a whole copy. Pages of the database may change while it is copied:
// they come from the log, which is read afterwards from where it began before. When
// the log has begun again meanwhile, the copy is of no use (errGap).
func (f *Follower) begin(ctx context.Context, now time.Time) (err error) {
	if f.gen != nil {
		if f.embedded() {
			if err := f.turn(ctx); err != nil {
				return err
			}
		}
		f.close()
	}
	if f.embedded() {
		if err := f.log.rewind(f.logPath()); err != nil {
			return err
		}
	}
	gen, err := newRecorder(filepath.Join(f.opt.Dir, now.UTC().Format(stampForm)+followEnd))
	if err != nil {
		return err
	}
	f.gen, f.began, f.listed = gen, now, map[string]bool{}
	defer func() {
		if err != nil { // half a copy does for nobody
			f.drop()
			err = errors.Join(err, os.Remove(gen.f.Name()))
		}
	}()
	small, err := f.small()
	if err != nil {
		return err
	}
	f.ledger, f.keyed = int64(len(small[auditDir+"checkpoints"])), len(small[auditDir+"key"]) > 0
	if err := gen.write(note{At: now, Program: f.src.Program, Engine: f.src.DB.Dialect(), Files: small}, nil, false); err != nil {
		return err
	}
	if f.embedded() {
		if err := f.pages(ctx, now); err != nil {
			return err
		}
	}
	if err := f.allFiles(ctx, now); err != nil {
		return err
	}
	// The first moment of a generation completes it.
	if err := f.record(ctx, true); err != nil {
		return err
	}
	return blob.SyncDir(f.opt.Dir)
}

// small are the files that a house needs besides its database.
func (f *Follower) small() (map[string][]byte, error) {
	all := map[string][]byte{}
	add := func(name, path string) error {
		text, err := os.ReadFile(path) //nolint:gosec // of the house
		if err == nil {
			all[name] = text
		}
		return ignoreAbsent(err)
	}
	for _, name := range auditFiles {
		if err := add(auditDir+name, filepath.Join(f.src.Config.AuditDir(), name)); err != nil {
			return nil, err
		}
	}
	return all, add(secretName, filepath.Join(f.src.Config.Dir, secretName))
}

// pages copies the database file as it lies there.
func (f *Follower) pages(ctx context.Context, now time.Time) error {
	var size int64
	if err := f.src.DB.QueryRow(ctx, `SELECT page_size FROM pragma_page_size()`).Scan(&size); err != nil {
		return err
	}
	file, err := f.src.DB.File()
	if err != nil {
		return err
	}
	db := io.NewSectionReader(file, 0, math.MaxInt64)
	page := make([]byte, size)
	n := note{At: now, Page: size}
	var payload []byte
	for number := uint32(1); ; number++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		_, err := io.ReadFull(db, page)
		end := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !end {
			return err
		}
		if !end {
			payload = appendPage(payload, number, page)
			n.Pages, n.Size = n.Pages+1, number
		}
		if n.Pages > 0 && (end || len(payload) > pieceSize) {
			if err := f.gen.write(n, payload, false); err != nil {
				return err
			}
			n.Pages, payload = 0, payload[:0]
		}
		if end {
			return nil
		}
	}
}

// moment copies what changed, until nothing more is there.
func (f *Follower) moment(ctx context.Context) error { return f.record(ctx, false) }

func (f *Follower) record(ctx context.Context, first bool) error {
	for {
		at := f.opt.Now()
		// The checkpoints come before the pages: what they vouch for, the pages hold.
		// The files come after: what the pages refer to is there.
		ledger, err := f.grown()
		if err != nil {
			return err
		}
		var got commits
		more := false
		if f.embedded() {
			if got, more, err = f.log.read(f.logPath()); err != nil {
				return err
			}
		}
		objects, err := f.newFiles(ctx, at)
		if err != nil {
			return err
		}
		n := note{At: at, Objects: objects, Ready: !more, Ledger: string(ledger), Page: f.log.page, Pages: len(got.pages), Size: got.size}
		if n.Pages > 0 || len(ledger) > 0 || len(objects) > 0 || first {
			payload := make([]byte, 0, got.bytes+4*int64(len(got.pages)))
			for number, page := range got.pages {
				payload = appendPage(payload, number, page)
			}
			if err := f.gen.write(n, payload, !more); err != nil {
				return err
			}
			f.ledger += int64(len(ledger))
		}
		if !more {
			return nil
		}
	}
}

// grown is what came to the ledger's checkpoints.
func (f *Follower) grown() ([]byte, error) {
	file, err := os.Open(filepath.Join(f.src.Config.AuditDir(), "checkpoints"))
	if err != nil {
		return nil, ignoreAbsent(err)
	}
	defer func() { _ = file.Close() }() // it was only read
	st, err := file.Stat()
	if err != nil {
		return nil, err
	}
	if !f.keyed && st.Size() > 0 {
		return nil, fmt.Errorf("%w: the ledger's folder was made", errGap)
	}
	if st.Size() < f.ledger {
		return nil, fmt.Errorf("%w: the ledger's checkpoints were shortened", errGap)
	}
	b := make([]byte, st.Size()-f.ledger)
	_, err = file.ReadAt(b, f.ledger)
	return b, err
}

// turn reads the rest of the log while nobody writes, and has the database take it
// in, so that it begins again.
func (f *Follower) turn(ctx context.Context) error {
	return f.src.DB.Still(ctx, func(l sqldb.Log) error {
		if err := f.record(ctx, false); err != nil {
			return err
		}
		frames, done, err := l.Empty()
		if err != nil || !done {
			return err // readers still need it; it is tried again in a second
		}
		if frames > f.log.frames { // another program wrote in between; its frames are still there
			if err := f.record(ctx, false); err != nil {
				return err
			}
			if frames > f.log.frames {
				return errGap
			}
		}
		f.log.empty = true
		return nil
	})
}

// relieve keeps a house that cannot be followed from growing its log for ever.
func (f *Follower) relieve(ctx context.Context) error {
	if !f.embedded() {
		return nil
	}
	st, err := os.Stat(f.logPath())
	if err != nil || st.Size() < followAside {
		return ignoreAbsent(err)
	}
	return f.src.DB.Still(ctx, func(l sqldb.Log) error {
		_, _, err := l.Empty()
		return err
	})
}

// drop ends a generation that cannot be gone on with; the next copy begins another.
func (f *Follower) drop() {
	f.close()
	f.log = logCursor{}
}

func (f *Follower) close() {
	if f.gen != nil {
		_ = f.gen.close() // what matters was waited for
		f.gen = nil
	}
}

// allFiles copies every content that the house has and the copy has not, and names
// them all.
func (f *Follower) allFiles(ctx context.Context, now time.Time) error {
	const limit = 1000
	for after := ""; ; {
		list, err := blob.Objects(ctx, f.src.DB, after, limit)
		if err != nil {
			return err
		}
		n := note{At: now}
		for _, o := range list {
			if err := f.file(ctx, o); err != nil {
				return err
			}
			n.Objects = append(n.Objects, o.Hash)
			after = o.Hash
		}
		if len(list) > 0 {
			if err := f.gen.write(n, nil, false); err != nil {
				return err
			}
		}
		if len(list) < limit {
			return nil
		}
	}
}

// newFiles copies the contents of files that came lately. Ids are made in the order
// of time, some of them a while before others can see them.
func (f *Follower) newFiles(ctx context.Context, now time.Time) (hashes []string, err error) {
	const limit = 1000
	ms := now.Add(-followLookup).UnixMilli()
	for after := fmt.Sprintf("%08x-%04x", ms>>16, ms&0xffff); ; {
		list, next, err := blob.ObjectsAfter(ctx, f.src.DB, after, limit)
		if err != nil {
			return nil, err
		}
		for _, o := range list {
			if f.listed[o.Hash] {
				continue
			}
			if err := f.file(ctx, o); err != nil {
				return nil, err
			}
			f.listed[o.Hash] = true
			hashes = append(hashes, o.Hash)
		}
		if after = next; len(list) < limit {
			return hashes, nil
		}
	}
}

func (f *Follower) file(ctx context.Context, o blob.Object) error {
	if in, err := f.files.Stat(ctx, o.Hash); err == nil && in.Size == o.Size {
		return nil
	}
	c, err := f.src.Files.Open(ctx, o.Hash)
	if errors.Is(err, blob.ErrAbsent) {
		return nil // the doctor tells; the rest is copied all the same
	}
	if err != nil {
		return err
	}
	_, err = f.files.Put(ctx, c)
	return errors.Join(err, c.Close())
}
