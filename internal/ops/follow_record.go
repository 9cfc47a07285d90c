package ops

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"

	"motcua/internal/platform/sqldb"
)

// A generation is one file: a copy of the whole house, then everything that
// changed, record after record. Each record is framed, compressed, and sealed with
// the SHA-256 of itself and of the seal before: a changed byte, a missing or a
// moved record is found. Only the last record may be cut off, by a crash.

const (
	recordMagic = "MCF1"
	frameSize   = 20 // magic, two lengths, and their checksum: a changed length is no cut-off record
	followEnd   = ".follow"
	stampForm   = "20060102T150405.000Z"
)

// note is the head of a record.
type note struct {
	At      time.Time         `json:"at"`                // everything committed before is inside once this record is applied
	Ready   bool              `json:"ready,omitempty"`   // the copy is complete: from here on every record is a moment
	Program string            `json:"program,omitempty"` // first record: who follows,
	Engine  sqldb.Dialect     `json:"engine,omitempty"`  // what,
	Files   map[string][]byte `json:"files,omitempty"`   // and the small files of the ledger and the secret as they were
	Ledger  string            `json:"ledger,omitempty"`  // what came to the ledger's checkpoints
	Objects []string          `json:"objects,omitempty"` // contents that the house needs from here on
	Page    int64             `json:"page,omitempty"`    // bytes of a page
	Pages   int               `json:"pages,omitempty"`   // in the payload
	Size    uint32            `json:"size,omitempty"`    // pages of the database after this record
}

// recorder writes records.
type recorder struct {
	f    *os.File
	seal [sha256.Size]byte
	z    *zstd.Encoder
	n    int64 // bytes written
}

func newRecorder(path string) (*recorder, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // named by the operator
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &recorder{f: f, z: z}, nil
}

// write appends a record. With wait it is on the disk when write returns.
func (r *recorder) write(n note, payload []byte, wait bool) error {
	head, err := json.Marshal(n)
	if err != nil {
		return err
	}
	body := r.z.EncodeAll(payload, nil)
	b := make([]byte, 0, frameSize+len(head)+len(body)+sha256.Size)
	b = append(b, recordMagic...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(head)))
	b = binary.BigEndian.AppendUint64(b, uint64(len(body)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	b = append(append(b, head...), body...)
	seal := sha256.New()
	seal.Write(r.seal[:])
	seal.Write(b)
	r.seal = [sha256.Size]byte(seal.Sum(nil))
	if _, err := r.f.Write(append(b, r.seal[:]...)); err != nil {
		return err
	}
	r.n += int64(len(b)) + sha256.Size
	if wait {
		return r.f.Sync()
	}
	return nil
}

func (r *recorder) close() error { return errors.Join(r.z.Close(), r.f.Sync(), r.f.Close()) }

// recordReader reads the records of a generation in order.
type recordReader struct {
	f    *os.File
	r    *bufio.Reader
	seal [sha256.Size]byte
	z    *zstd.Decoder
	n    int64 // bytes of whole records so far
	cut  bool  // the last record is not whole
}

// recordMost bounds a record: what a machine with little memory can hold.
const recordMost = 1 << 30

func openRecords(path string) (*recordReader, error) {
	f, err := os.Open(path) //nolint:gosec // named by the operator
	if err != nil {
		return nil, err
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(recordMost))
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &recordReader{f: f, r: bufio.NewReaderSize(f, 1<<20), z: z}, nil
}

func (r *recordReader) close() error {
	r.z.Close()
	return r.f.Close()
}

// next returns a record and its payload; io.EOF after the last whole one.
func (r *recordReader) next() (n note, payload []byte, err error) {
	var frame [frameSize]byte
	if _, err := io.ReadFull(r.r, frame[:]); errors.Is(err, io.EOF) {
		return n, nil, io.EOF
	} else if err != nil {
		return n, nil, r.torn(err)
	}
	headSize, bodySize, ok := sizes(frame[:])
	if !ok {
		return n, nil, damaged("record at byte %d of %s", r.n, r.f.Name())
	}
	// Read as it comes: a forged length must not take memory that no bytes stand for.
	var rest bytes.Buffer
	want := headSize + bodySize + sha256.Size
	if got, err := io.CopyN(&rest, r.r, want); err != nil && got < want {
		return n, nil, r.torn(err)
	}
	b := rest.Bytes()
	sum := sha256.New()
	sum.Write(r.seal[:])
	sum.Write(frame[:])
	sum.Write(b[:len(b)-sha256.Size])
	if !bytes.Equal(sum.Sum(nil), b[len(b)-sha256.Size:]) {
		return n, nil, damaged("record at byte %d of %s: its checksum is not right", r.n, r.f.Name())
	}
	r.seal = [sha256.Size]byte(b[len(b)-sha256.Size:])
	if err := json.Unmarshal(b[:headSize], &n); err != nil {
		return n, nil, damaged("record at byte %d of %s: %v", r.n, r.f.Name(), err)
	}
	if payload, err = r.z.DecodeAll(b[headSize:headSize+bodySize], nil); err != nil {
		return n, nil, damaged("record at byte %d of %s: %v", r.n, r.f.Name(), err)
	}
	if int64(len(payload)) != int64(n.Pages)*(n.Page+4) || n.Pages > 0 && n.Page < 512 {
		return n, nil, damaged("record at byte %d of %s: %d bytes for %d pages", r.n, r.f.Name(), len(payload), n.Pages)
	}
	r.n += frameSize + want
	return n, payload, nil
}

// lastMoment finds the last moment of a generation by the heads of its records alone.
func lastMoment(path string) (at time.Time, err error) {
	f, err := os.Open(path) //nolint:gosec // named by the operator
	if err != nil {
		return at, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	st, err := f.Stat()
	if err != nil {
		return at, err
	}
	for pos := int64(0); pos+frameSize <= st.Size(); {
		var frame [frameSize]byte
		if _, err := f.ReadAt(frame[:], pos); err != nil {
			return at, err
		}
		head, body, ok := sizes(frame[:])
		if !ok {
			return at, damaged("record at byte %d of %s", pos, path)
		}
		next := pos + frameSize + head + body + sha256.Size
		if next > st.Size() {
			break // being written, or cut off
		}
		var n note
		text := make([]byte, head)
		if _, err := f.ReadAt(text, pos+frameSize); err != nil {
			return at, err
		}
		if err := json.Unmarshal(text, &n); err != nil {
			return at, damaged("record at byte %d of %s: %v", pos, path, err)
		}
		if n.Ready {
			at = n.At
		}
		pos = next
	}
	return at, nil
}

// sizes reads the frame of a record: the bytes of its head and of its body.
func sizes(frame []byte) (head, body int64, ok bool) {
	h, b := binary.BigEndian.Uint32(frame[4:]), binary.BigEndian.Uint64(frame[8:])
	ok = string(frame[:4]) == recordMagic && binary.BigEndian.Uint32(frame[16:]) == crc32.ChecksumIEEE(frame[:16]) && h <= recordMost && b <= recordMost
	return int64(h), int64(b), ok //nolint:gosec // bounded above
}

// torn tells a record that a crash has cut off from other trouble.
func (r *recordReader) torn(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		r.cut = true
		return io.EOF
	}
	return fmt.Errorf("reading %s: %w", r.f.Name(), err)
}

// appendPage adds a page to a payload.
func appendPage(b []byte, number uint32, page []byte) []byte {
	return append(binary.BigEndian.AppendUint32(b, number), page...)
}
