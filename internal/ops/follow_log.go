package ops

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// SQLite's write-ahead log, as far as following it needs: a header, then frames,
// each a page and a running checksum; a frame with a size ends a commit. The
// format is fixed and documented (https://sqlite.org/fileformat2.html#walformat).

const (
	logHeader   = 32
	frameHeader = 24
	logMagic    = 0x377f0682 // the last bit says that checksums are big-endian
)

// errGap says that the log went on without being read: a new generation must begin.
var errGap = errors.New("the database's log went on without being followed")

// logCursor is how far the log was read.
type logCursor struct {
	begun  bool
	empty  bool // everything is in the database file: the log may begin again
	salt   [8]byte
	turns  uint32 // how often the log has begun again, by its own count
	sum    [2]uint32
	big    bool
	page   int64
	frames int64 // read
}

// commits are changed pages as they are after the last of some commits.
type commits struct {
	pages map[uint32][]byte
	size  uint32 // pages of the database; 0 when there was no commit
	bytes int64
}

// batchBytes bounds the pages that are held in memory.
const batchBytes = 64 << 20

// read reads what was committed since; more says that there is more.
func (c *logCursor) read(path string) (got commits, more bool, err error) {
	got.pages = map[uint32][]byte{}
	f, err := os.Open(path) //nolint:gosec // beside the database
	if errors.Is(err, fs.ErrNotExist) {
		return got, false, c.lost()
	}
	if err != nil {
		return got, false, err
	}
	defer func() { _ = f.Close() }() // it was only read
	var head [logHeader]byte
	if _, err := io.ReadFull(f, head[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return got, false, c.lost()
	} else if err != nil {
		return got, false, err
	}
	if ok, err := c.at(head[:]); err != nil || !ok {
		return got, false, err
	}
	// What is read after the last commit is read again next time.
	frame := make([]byte, frameHeader+c.page)
	sum, n := c.sum, c.frames
	pending := map[uint32][]byte{}
	for {
		if _, err := f.ReadAt(frame, logHeader+n*int64(len(frame))); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return got, false, nil
		} else if err != nil {
			return got, false, err
		}
		if [8]byte(frame[8:16]) != c.salt {
			return got, false, nil
		}
		sum = checksum(checksum(sum, frame[:8], c.big), frame[frameHeader:], c.big)
		if sum != [2]uint32{binary.BigEndian.Uint32(frame[16:]), binary.BigEndian.Uint32(frame[20:])} {
			return got, false, nil // being written
		}
		n++
		pending[binary.BigEndian.Uint32(frame)] = append([]byte(nil), frame[frameHeader:]...)
		size := binary.BigEndian.Uint32(frame[4:])
		if size == 0 {
			continue
		}
		for number, page := range pending {
			got.pages[number] = page
		}
		clear(pending)
		got.size = size
		c.sum, c.frames, c.empty = sum, n, false
		if got.bytes = int64(len(got.pages)) * c.page; got.bytes > batchBytes {
			return got, true, nil
		}
	}
}

// lost is what an absent log means: nothing was written yet, or somebody else took
// the log away. We never do: what we have emptied lies there until it begins again.
func (c *logCursor) lost() error {
	if c.begun {
		return errGap
	}
	return nil
}

// at compares the header of the log with where the cursor stands, and goes over to
// a log that has begun again. It reports false when the header is being written.
func (c *logCursor) at(head []byte) (bool, error) {
	magic := binary.BigEndian.Uint32(head)
	if magic&^1 != logMagic {
		return false, fmt.Errorf("the database's log has the magic %#x", magic)
	}
	big := magic&1 == 1
	sum := checksum([2]uint32{}, head[:24], big)
	if sum != [2]uint32{binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])} {
		return false, nil
	}
	salt, turns := [8]byte(head[16:24]), binary.BigEndian.Uint32(head[12:])
	if c.begun && salt == c.salt {
		return true, nil
	}
	if c.begun && (!c.empty || turns != c.turns+1) {
		return false, errGap
	}
	*c = logCursor{begun: true, salt: salt, turns: turns, sum: sum, big: big, page: int64(binary.BigEndian.Uint32(head[8:]))}
	if c.page < 512 || c.page > 65536 {
		return false, fmt.Errorf("the database's log has pages of %d bytes", c.page)
	}
	return true, nil
}

// checksum is that of the log: words of the byte order its magic names.
func checksum(s [2]uint32, b []byte, big bool) [2]uint32 {
	order := binary.ByteOrder(binary.LittleEndian)
	if big {
		order = binary.BigEndian
	}
	for i := 0; i+8 <= len(b); i += 8 {
		s[0] += order.Uint32(b[i:]) + s[1]
		s[1] += order.Uint32(b[i+4:]) + s[0]
	}
	return s
}
