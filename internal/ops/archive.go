package ops

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"

	"motcua/internal/platform/sqldb"
)

// format is the version of the backup file. Programs read every older one.
const format = 1

// Names inside the archive.
const (
	headName     = "motcua-backup.json"
	manifestName = "manifest.json"
	checksumName = "checksum"
	secretName   = "secret"
	auditDir     = "audit/"
	blobDir      = "blobs/"
	tableDir     = "tables/"
	sqliteName   = "database.sqlite"
)

// Manifest says what a backup holds.
type Manifest struct {
	Format     int           `json:"format"`
	Program    string        `json:"program"` // version that made it
	Engine     sqldb.Dialect `json:"engine"`
	CreatedAt  time.Time     `json:"created_at"`
	SnapshotAt time.Time     `json:"snapshot_at"` // everything committed before is inside
	Steps      []Step        `json:"steps"`       // migrations that had run
	Tables     []Table       `json:"tables"`
	Blobs      int64         `json:"blobs"`
	BlobBytes  int64         `json:"blob_bytes"`
	Database   int64         `json:"database_bytes"` // before compression
	Missing    []string      `json:"missing,omitempty"`
	Corrupt    []string      `json:"corrupt,omitempty"`
	Checkpoint string        `json:"checkpoint,omitempty"` // newest signed checkpoint of the ledger
}

// Step is a migration that had run.
type Step struct {
	Line   string `json:"line"`
	Number int    `json:"number"`
	Name   string `json:"name"`
	Hash   string `json:"hash"`
}

// Table is a table that was copied.
type Table struct {
	Name    string   `json:"name"`
	Columns []string `json:"columns"`
	Rows    int64    `json:"rows"`
}

// ErrDamaged says that a file is not a backup, or not all of one, or not what it was.
var ErrDamaged = errors.New("the backup file is damaged")

func damaged(format string, args ...any) error {
	return fmt.Errorf("%w: %w", ErrDamaged, fmt.Errorf(format, args...))
}

// archiveWriter writes a backup from front to back.
type archiveWriter struct {
	out io.Writer
	sum hash.Hash
	n   int64
	tar *tar.Writer
}

func newArchiveWriter(out io.Writer) *archiveWriter {
	a := &archiveWriter{out: out, sum: sha256.New()}
	a.tar = tar.NewWriter(a)
	return a
}

// Write is for the tar writer: every byte is summed on its way.
func (a *archiveWriter) Write(p []byte) (int, error) {
	n, err := a.out.Write(p)
	a.sum.Write(p[:n])
	a.n += int64(n)
	return n, err
}

func header(name string, size int64) *tar.Header {
	return &tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: time.Unix(0, 0), Format: tar.FormatPAX}
}

func (a *archiveWriter) add(name string, content []byte) error {
	if err := a.tar.WriteHeader(header(name, int64(len(content)))); err != nil {
		return err
	}
	_, err := a.tar.Write(content)
	return err
}

func (a *archiveWriter) addJSON(name string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return a.add(name, append(b, '\n'))
}

// pieceSize is how much of a compressed stream is held in memory: tar wants the
// size of an entry before its first byte.
const pieceSize = 4 << 20

// stream writes what produce writes, compressed, as name/000001, name/000002…
func (a *archiveWriter) stream(name string, produce func(io.Writer) error) error {
	p := &pieces{a: a, name: name}
	z, err := zstd.NewWriter(p, zstd.WithEncoderConcurrency(2))
	if err != nil {
		return err
	}
	if err := produce(z); err != nil {
		return errors.Join(err, z.Close())
	}
	if err := z.Close(); err != nil {
		return err
	}
	return p.flush()
}

type pieces struct {
	a    *archiveWriter
	name string
	n    int
	buf  bytes.Buffer
}

func (p *pieces) Write(b []byte) (int, error) {
	p.buf.Write(b)
	if p.buf.Len() >= pieceSize {
		return len(b), p.flush()
	}
	return len(b), nil
}

func (p *pieces) flush() error {
	if p.buf.Len() == 0 && p.n > 0 {
		return nil
	}
	p.n++
	err := p.a.add(fmt.Sprintf("%s/%06d", p.name, p.n), p.buf.Bytes())
	p.buf.Reset()
	return err
}

// finish writes the checksum, the last thing in the file.
func (a *archiveWriter) finish() error {
	if err := a.tar.Flush(); err != nil {
		return err
	}
	end, err := tail(a.sum.Sum(nil))
	if err != nil {
		return err
	}
	n, err := a.out.Write(end)
	a.n += int64(n)
	return err
}

// tail is the end of every backup: the checksum entry and the end of the tar. It
// follows from the checksum alone, so that it can be compared byte by byte.
func tail(sum []byte) ([]byte, error) {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	h := header(checksumName, int64(2*len(sum)+1))
	h.Format = tar.FormatUSTAR
	err := w.WriteHeader(h)
	if err == nil {
		_, err = w.Write([]byte(hex.EncodeToString(sum) + "\n"))
	}
	err = errors.Join(err, w.Close())
	return b.Bytes(), err
}

// archive reads a backup whose checksum was found right.
type archive struct {
	f    *os.File
	body int64 // bytes before the tail
	tar  *tar.Reader
	head *tar.Header // an entry that was looked at and not taken
}

// openArchive opens a backup and reads all of it once: nothing in it is believed
// before every byte is known to be what was written.
func openArchive(ctx context.Context, file string, progress func(done, total int64)) (_ *archive, err error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	end, err := tail(make([]byte, sha256.Size))
	if err != nil {
		return nil, err
	}
	body := st.Size() - int64(len(end))
	if st.IsDir() || body <= 0 || body%512 != 0 {
		return nil, damaged("%d bytes cannot be a whole backup", st.Size())
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, &watched{ctx: ctx, r: io.NewSectionReader(f, 0, body), total: body, tell: progress}); err != nil {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	want, err := tail(sum.Sum(nil))
	if err != nil {
		return nil, err
	}
	if _, err := f.ReadAt(end, body); err != nil {
		return nil, fmt.Errorf("reading the backup: %w", err)
	}
	if !bytes.Equal(end, want) {
		return nil, damaged("its checksum is not right")
	}
	a := &archive{f: f, body: body}
	a.rewind()
	var h Manifest
	if err := a.json(headName, &h); err != nil {
		return nil, damaged("it does not begin like a backup: %v", err)
	}
	if h.Format > format {
		return nil, fmt.Errorf("the backup has format %d, made by a newer program (%s); this program reads up to %d", h.Format, h.Program, format)
	}
	return a, nil
}

func (a *archive) Close() error { return a.f.Close() }

// rewind begins again at the first entry.
func (a *archive) rewind() {
	a.tar, a.head = tar.NewReader(io.NewSectionReader(a.f, 0, a.body)), nil
}

// next returns the next entry; io.EOF after the last.
func (a *archive) next() (*tar.Header, error) {
	if h := a.head; h != nil {
		a.head = nil
		return h, nil
	}
	h, err := a.tar.Next()
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, damaged("%v", err)
	}
	return h, err
}

// json reads the next entry, which must have the name.
func (a *archive) json(name string, v any) error {
	h, err := a.next()
	if err != nil {
		return err
	}
	if h.Name != name {
		return fmt.Errorf("%s where %s is expected", h.Name, name)
	}
	return json.NewDecoder(a.tar).Decode(v)
}

// manifest finds the manifest, the last entry.
func (a *archive) manifest() (m Manifest, err error) {
	a.rewind()
	for {
		h, err := a.next()
		if errors.Is(err, io.EOF) {
			return m, damaged("it has no manifest")
		}
		if err != nil {
			return m, err
		}
		if h.Name == manifestName {
			a.head = h
			return m, a.json(manifestName, &m)
		}
	}
}

// group reads the pieces of a compressed stream whose first piece is h, as one.
func (a *archive) group(h *tar.Header) (io.ReadCloser, error) {
	z, err := zstd.NewReader(&groupReader{a: a, name: path.Dir(h.Name), n: 1}, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return nil, err
	}
	return z.IOReadCloser(), nil
}

type groupReader struct {
	a    *archive
	name string
	n    int
	done bool
}

func (g *groupReader) Read(p []byte) (int, error) {
	for {
		if g.done {
			return 0, io.EOF
		}
		n, err := g.a.tar.Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return n, err
		}
		h, err := g.a.next()
		if errors.Is(err, io.EOF) {
			g.done = true
			continue
		}
		if err != nil {
			return 0, err
		}
		if g.n++; h.Name != fmt.Sprintf("%s/%06d", g.name, g.n) {
			g.a.head, g.done = h, true
		}
	}
}

// streamName takes the name of a piece apart.
func streamName(entry string) (name string, first bool) {
	return path.Dir(entry), strings.HasSuffix(entry, "/000001")
}

// watched reads until ctx ends and tells how far it came.
type watched struct {
	ctx         context.Context
	r           io.Reader
	done, total int64
	tell        func(done, total int64)
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.r.Read(p)
	w.done += int64(n)
	if w.tell != nil {
		w.tell(w.done, w.total)
	}
	return n, err
}
