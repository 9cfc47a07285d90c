package blob

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"
)

// Ref names stored bytes.
type Ref struct {
	Hash string // SHA-256, 64 lower-case hex digits
	Size int64  // bytes
	Type string // MIME type found in the content; "" when nothing looked
}

// Content is stored bytes to read, at any place.
type Content interface {
	io.ReadSeekCloser
	io.ReaderAt
}

// Staged is bytes that have arrived but have no name yet. They are durable only
// after Keep or Commit; Discard forgets them and may be called at any time,
// also after Commit.
type Staged interface {
	// ID names the staged bytes across restarts, once Keep returned.
	ID() string
	// Ref gives their hash and size.
	Ref() Ref
	// Open reads them back.
	Open(ctx context.Context) (Content, error)
	// Keep makes them durable under ID, for OpenStaged by this or another replica.
	Keep(ctx context.Context) error
	// Commit makes them durable under their hash. Bytes that are stored already are
	// checked and left alone.
	Commit(ctx context.Context) error
	// Discard removes what was staged.
	Discard(ctx context.Context) error
}

// Store keeps bytes under their SHA-256. Implementations are safe for concurrent use.
type Store interface {
	// Stage takes the bytes of r. Where r fails nothing stays behind.
	Stage(ctx context.Context, r io.Reader) (Staged, error)
	// Put stages and commits in one go.
	Put(ctx context.Context, r io.Reader) (Ref, error)
	// Open reads stored bytes; ErrAbsent when there are none.
	Open(ctx context.Context, hash string) (Content, error)
	// Stat returns what is stored under hash without reading it; ErrAbsent when nothing.
	Stat(ctx context.Context, hash string) (Info, error)
	// Delete removes the bytes; nil when there were none.
	Delete(ctx context.Context, hash string) error
	// Walk calls fn for everything stored, in the order of the hashes.
	Walk(ctx context.Context, fn func(Info) error) error

	// OpenStaged reads bytes kept by Staged.Keep; ErrAbsent when there are none.
	OpenStaged(ctx context.Context, id string) (Content, error)
	// DiscardStaged removes bytes kept by Staged.Keep; nil when there were none.
	DiscardStaged(ctx context.Context, id string) error
	// WalkStaged calls fn for everything staged, also what a crash left behind.
	WalkStaged(ctx context.Context, fn func(id string, at time.Time) error) error

	// Free returns how many bytes can still be stored, -1 when nobody knows.
	Free(ctx context.Context) (int64, error)
	// Check proves that the store can be written and read now.
	Check(ctx context.Context) error
}

// Info describes stored bytes.
type Info struct {
	Hash string
	Size int64
	At   time.Time // when they were stored
}

// ErrAbsent says that nothing is stored under a hash.
var ErrAbsent = errors.New("no such blob")

// ErrCorrupt says that stored bytes no longer have the hash they are stored under.
var ErrCorrupt = errors.New("blob does not match its hash")

// put is Store.Put for every back end.
func put(ctx context.Context, s Store, r io.Reader) (Ref, error) {
	staged, err := s.Stage(ctx, r)
	if err != nil {
		return Ref{}, err
	}
	if err := staged.Commit(ctx); err != nil {
		return Ref{}, errors.Join(err, staged.Discard(context.WithoutCancel(ctx)))
	}
	return staged.Ref(), nil
}

// Verify reads everything stored under hash and compares. It returns the size,
// ErrAbsent, or ErrCorrupt.
func Verify(ctx context.Context, s Store, hash string) (int64, error) {
	c, err := s.Open(ctx, hash)
	if err != nil {
		return 0, err
	}
	h := sha256.New()
	n, err := io.Copy(h, readerWith(ctx, c))
	if err = errors.Join(err, c.Close()); err != nil {
		return n, err
	}
	if hex.EncodeToString(h.Sum(nil)) != hash {
		return n, ErrCorrupt
	}
	return n, nil
}

// readerWith ends a long read when ctx ends.
func readerWith(ctx context.Context, r io.Reader) io.Reader { return &ctxReader{ctx, r} }

type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *ctxReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}

// validHash keeps anything but a hash from becoming a path or an object key.
func validHash(h string) bool {
	if len(h) != 64 {
		return false
	}
	for i := range len(h) {
		if c := h[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}
