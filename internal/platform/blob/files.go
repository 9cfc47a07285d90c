package blob

import (
	"context"
	"embed"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"sync/atomic"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// Verdicts of the virus scan.
const (
	Clean       = "clean"       // scanned, nothing found
	Pending     = "pending"     // the scanner was away; a job scans it as soon as it is back
	Quarantined = "quarantined" // cannot be scanned: no scanner is installed, or the file is too big for it
	Infected    = "infected"    // a virus was found; nobody gets it any more
)

// File is a paper somebody handed in (tệp đính kèm).
type File struct {
	ID        string
	Name      string // safe to show and to use as a file name; its extension fits Type
	Hash      string // SHA-256, hex
	Size      int64  // bytes
	Type      string // MIME type found in the content, never the one declared
	Owner     string // who uploaded it: an account id, or what the app gives to people who are not signed in
	Scan      string // Clean, Pending, Quarantined or Infected
	ScanNote  string // the name of the virus, or why it was not scanned
	CreatedAt time.Time
}

// Upload is a file on its way, in chunks.
type Upload struct {
	ID        string
	Name      string
	Size      int64  // bytes, as declared; -1 when the sender does not know yet
	Owner     string // only the owner may go on with it
	Key       string // idempotency key: Begin with the same owner and key gives the same upload; "" for none
	Offset    int64  // bytes that are safe; where the next chunk begins
	State     string // UploadOpen, UploadDone or UploadRefused
	FileID    string // the file, once done
	ExpiresAt time.Time
}

// States of an upload.
const (
	UploadOpen    = "open"
	UploadDone    = "done"
	UploadRefused = "refused" // its content may not be stored (type, virus); it must begin anew
)

// Options tune Files; the zero value is right for a commune without a scanner.
type Options struct {
	MaxFile   int64         // largest file in bytes; 0 means 50 MiB
	MaxOwner  int64         // most bytes one owner may hold that nothing has claimed; 0 means 1 GiB
	KeepFree  int64         // bytes of the disk that uploads must leave free; 0 means 256 MiB, negative none
	UploadTTL time.Duration // how long an upload waits for its next chunk; 0 means 48 hours
	OrphanAge time.Duration // how long an unclaimed file waits before it is marked deleted; 0 means 24 hours
	Grace     time.Duration // how long a file marked deleted keeps its bytes; 0 means 7 days
	Scanner   Scanner       // nil when there is none
	ScanWait  time.Duration // how long an upload waits for its verdict before it goes on as Pending; 0 means 15 s

	// VerifyReads compares a content with its hash every time it is opened, at the
	// price of reading it twice. Verify does so every night in any case.
	VerifyReads bool
	// RequireScan keeps files without a verdict from everyone but their owner; see Files.Readable.
	RequireScan bool
	// OnInfected runs in the transaction that marks a file infected after it was
	// accepted, so that whoever holds it can be told. May be nil.
	OnInfected func(ctx context.Context, tx *sqldb.Tx, f File, streams []string) error

	Log *slog.Logger     // nil means slog.Default()
	Now func() time.Time // nil means time.Now
}

// Files is the service over a Store and its tables. It is safe for concurrent use.
type Files struct {
	db    *sqldb.DB
	store Store
	opt   Options
	stats *stats

	scanAfter atomic.Int64 // not before this moment (ms) is a scanner that failed asked again; 0 when it is well
}

// NewFiles makes the service.
func NewFiles(db *sqldb.DB, store Store, opt Options) *Files {
	positive := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	positive(&opt.MaxFile, 50<<20)
	positive(&opt.MaxOwner, 1<<30)
	positive(&opt.KeepFree, 256<<20)
	wait := func(v *time.Duration, def time.Duration) {
		if *v == 0 {
			*v = def
		}
	}
	wait(&opt.UploadTTL, 48*time.Hour)
	wait(&opt.OrphanAge, 24*time.Hour)
	wait(&opt.Grace, 7*24*time.Hour)
	wait(&opt.ScanWait, 15*time.Second)
	if opt.Log == nil {
		opt.Log = slog.Default()
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	return &Files{db: db, store: store, opt: opt, stats: newStats()}
}

//go:embed migrations locale
var embedded embed.FS

// Migrations holds the tables of this room.
func Migrations() fs.FS { return sub("migrations") }

// Line is its tables, for the migrator.
func Line() sqldb.Line { return sqldb.Line{Name: "blob", FS: Migrations()} }

// Locales holds its words.
func Locales() fs.FS { return sub("locale") }

func sub(dir string) fs.FS {
	f, err := fs.Sub(embedded, dir)
	if err != nil {
		panic(err) // the folder is named in the line above: it is there or nothing compiles
	}
	return f
}

// Store is the store underneath, for backup and doctor.
func (f *Files) Store() Store { return f.store }

// Reader reads the tables underneath, for Streams and ClaimedBy outside a transaction.
func (f *Files) Reader() sqldb.Reader { return f.db }

// MaxFile is the largest file that is taken, in bytes.
func (f *Files) MaxFile() int64 { return f.opt.MaxFile }

// Save takes a whole file from r. The content decides its type; name only
// lends its words. When Save returns, bytes and row are durable.
//
// Errors: file.empty, file.too-large, file.type-refused.*, file.damaged,
// file.infected, file.quota (errs.Invalid or TooLarge), storage.full (Full),
// storage.away (Unavailable).
func (f *Files) Save(ctx context.Context, name, owner string, r io.Reader) (File, error) {
	return f.SaveOnce(ctx, name, owner, "", r)
}

// SaveOnce is Save for callers that may repeat themselves: the same owner and key
// give the same file. Other content under a used key is the conflict file.key-reused.
func (f *Files) SaveOnce(ctx context.Context, name, owner, key string, r io.Reader) (File, error) {
	if err := f.roomLeft(ctx, 0); err != nil {
		return File{}, err
	}
	limited := &limitReader{r: r, left: f.opt.MaxFile, over: f.tooLarge()}
	staged, err := f.store.Stage(ctx, limited)
	if err != nil {
		return File{}, err
	}
	defer f.discard(ctx, staged)
	return f.accept(ctx, staged, name, owner, key, nil)
}

// Get returns a file that is not deleted; the error is file.not-found.
func (f *Files) Get(ctx context.Context, id string) (File, error) {
	return f.get(ctx, f.db, id)
}

// GetMany returns the files among ids that are not deleted, in the order of ids.
func (f *Files) GetMany(ctx context.Context, ids []string) ([]File, error) {
	return f.getMany(ctx, f.db, ids)
}

// OpenFile opens a file to read. An infected file is the conflict file.infected;
// whether the reader may have it otherwise is Readable's and the room's matter.
func (f *Files) OpenFile(ctx context.Context, id string) (File, Content, error) {
	file, err := f.Get(ctx, id)
	if err != nil {
		return File{}, nil, err
	}
	if file.Scan == Infected {
		return File{}, nil, infected(file.ScanNote)
	}
	if f.opt.VerifyReads {
		if _, err := Verify(ctx, f.store, file.Hash); err != nil {
			return File{}, nil, f.lost(ctx, file, err)
		}
	}
	c, err := f.store.Open(ctx, file.Hash)
	if err != nil {
		return File{}, nil, f.lost(ctx, file, err)
	}
	return file, c, nil
}

// lost remembers that a file's bytes are not what they should be; another error
// is returned as it is.
func (f *Files) lost(ctx context.Context, file File, err error) error {
	problem := problemMissing
	switch {
	case errors.Is(err, ErrCorrupt):
		problem = problemCorrupt
	case !errors.Is(err, ErrAbsent):
		return err
	}
	f.opt.Log.ErrorContext(ctx, "a file's bytes are not there or not its own", "file", file.ID, "hash", file.Hash, "problem", problem)
	f.note(ctx, file.Hash, problem)
	return errs.New(errs.Internal, "file.lost").Because(err)
}

// Readable says whether the virus verdict lets reader have the file: an infected
// file nobody; one without a verdict everybody, unless a verdict is required,
// and then only the owner who brought it.
func (f *Files) Readable(file File, reader string) error {
	switch {
	case file.Scan == Infected:
		return infected(file.ScanNote)
	case file.Scan != Clean && f.opt.RequireScan && file.Owner != reader:
		return errs.New(errs.Unavailable, "file.unscanned")
	}
	return nil
}

// Present makes sure, before something depends on them, that the bytes of all
// files are stored in full. It reads no content; the nightly Verify does.
func (f *Files) Present(ctx context.Context, ids []string) error {
	files, err := f.GetMany(ctx, ids)
	if err != nil {
		return err
	}
	if len(files) != len(ids) {
		return errs.NewNotFound("file.not-found")
	}
	for _, file := range files {
		switch in, err := f.store.Stat(ctx, file.Hash); {
		case errors.Is(err, ErrAbsent), err == nil && in.Size != file.Size:
			f.note(ctx, file.Hash, problemMissing)
			return errs.New(errs.Internal, "file.lost").Because(errors.New("missing bytes of " + file.ID))
		case err != nil:
			return err
		}
	}
	return nil
}

func infected(virus string) error {
	return errs.New(errs.Invalid, "file.infected", "virus", virus)
}

func (f *Files) tooLarge() error {
	return errs.New(errs.TooLarge, "file.too-large", "max", megabytes(f.opt.MaxFile))
}

// limitReader fails instead of cutting a file short.
type limitReader struct {
	r    io.Reader
	left int64
	over error
}

func (l *limitReader) Read(p []byte) (int, error) {
	// One byte more than allowed is asked for: only it tells a file of just the
	// right size from one that is too big.
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return 0, l.over
	}
	return n, err
}

func megabytes(n int64) int64 { return (n + 1<<20 - 1) >> 20 }
