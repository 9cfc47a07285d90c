package ops

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
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
	f, begun, turns, err := openLog(path)
	if err != nil {
		return got, false, err
	}
	if f == nil {
		return got, false, c.lost()
	}
	defer func() { _ = f.Close() }() // it was only read
	if !begun.begun {
		return got, false, nil // its head is being written
	}
	if err := c.at(begun, turns); err != nil {
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

// openLog opens the log and reads its header: begun is a cursor at its beginning, the
// zero cursor while the header is being written; turns is how often the log has begun
// again, by the count of whoever wrote the header. A log that is absent or has nothing
// in it is nil.
func openLog(path string) (f *os.File, begun logCursor, turns uint32, err error) {
	f, err = os.Open(path) //nolint:gosec // beside the database
	if err != nil {
		return nil, begun, 0, ignoreAbsent(err)
	}
	var head [logHeader]byte
	if _, err := io.ReadFull(f, head[:]); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, begun, 0, f.Close()
	} else if err != nil {
		return nil, begun, 0, errors.Join(err, f.Close())
	}
	magic := binary.BigEndian.Uint32(head[:])
	if magic&^1 != logMagic {
		return nil, begun, 0, errors.Join(fmt.Errorf("the database's log has the magic %#x", magic), f.Close())
	}
	big := magic&1 == 1
	sum := checksum([2]uint32{}, head[:24], big)
	if sum != [2]uint32{binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:])} {
		return f, begun, 0, nil
	}
	begun = logCursor{begun: true, salt: [8]byte(head[16:24]), sum: sum, big: big, page: int64(binary.BigEndian.Uint32(head[8:]))}
	if begun.page < 512 || begun.page > 65536 {
		return nil, begun, 0, errors.Join(fmt.Errorf("the database's log has pages of %d bytes", begun.page), f.Close())
	}
	return f, begun, binary.BigEndian.Uint32(head[12:]), nil
}

// rewind goes to the beginning of the log before the database file is copied. One that
// was emptied is done with: all of it is in the file.
func (c *logCursor) rewind(path string) error {
	if c.empty {
		return nil
	}
	f, begun, _, err := openLog(path)
	if *c = begun; f != nil {
		err = errors.Join(err, f.Close())
	}
	return err
}

// at goes over to a log that has begun again since, when nothing was missed: the one
// before was read to its end, and this is the next. SQLite counts in the first half of
// the salt, whichever program lets the log begin again. Where there was none it counts
// anew.
func (c *logCursor) at(begun logCursor, turns uint32) error {
	switch {
	case c.begun && begun.salt == c.salt:
		return nil
	case c.begun && (!c.empty || begun.turn() != c.turn()+1), !c.begun && turns > 0:
		return errGap
	}
	*c = begun
	return nil
}

func (c *logCursor) turn() uint32 { return binary.BigEndian.Uint32(c.salt[:]) }

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
