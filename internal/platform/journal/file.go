package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// The checkpoint file is a row of signed notes, each closed by an empty line. A
// note itself has one empty line, before its signatures, which begin with "— ".

const signaturePrefix = "— "

// noteReader steps through a checkpoint file.
type noteReader struct {
	r      *bufio.Reader
	offset int64 // after the last whole note
	torn   bool  // the file ends in the middle of a note: power was lost while writing it
}

// maxNote bounds a note; a longer one is damage.
const maxNote = 64 << 10

var errDamaged = errors.New("damaged note")

// next returns the next note, io.EOF at the end, errDamaged for text that is no
// note (the reader then stands after it).
func (n *noteReader) next() (string, error) {
	var b strings.Builder
	signatures := false
	for {
		line, err := n.r.ReadString('\n')
		if errors.Is(err, io.EOF) {
			n.torn = b.Len()+len(line) > 0
			return "", io.EOF
		}
		if err != nil {
			return "", err
		}
		if line == "\n" && signatures {
			n.offset += int64(b.Len() + 1)
			return b.String(), nil
		}
		b.WriteString(line)
		if b.Len() > maxNote {
			n.offset += int64(b.Len())
			return "", errDamaged
		}
		signatures = strings.HasPrefix(line, signaturePrefix)
	}
}

// checkpointLog appends to the checkpoint file.
type checkpointLog struct {
	path   string
	last   checkpoint // newest in the file; origin "" when there is none
	recent []string   // the newest notes, read by openLog
	torn   bool       // half a note stands at the end
	whole  int64      // where the last whole note ends
}

// openLog reads the end of the file. Whether all of it is sound is for Verify.
func openLog(dir string, k keys) (_ *checkpointLog, err error) {
	l := &checkpointLog{path: filepath.Join(dir, checkpointFile)}
	f, err := os.Open(l.path)
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	start := max(0, end-2*maxNote)
	if _, err := f.Seek(start, io.SeekStart); err != nil {
		return nil, err
	}
	r := &noteReader{r: bufio.NewReader(f), offset: start}
	for first := start > 0; ; first = false {
		msg, err := r.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if first { // reading began in the middle of it
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s at byte %d: %w", l.path, r.offset, err)
		}
		if err := l.take(msg, k); err != nil {
			return nil, fmt.Errorf("%s before byte %d: %w", l.path, r.offset, err)
		}
		l.recent = append(l.recent, msg)
	}
	l.torn, l.whole = r.torn, r.offset
	return l, nil
}

// mend cuts off a torn last note, which was never acknowledged to anybody. Only
// the process that writes the file does that: to any other it may be a note on
// its way.
func (l *checkpointLog) mend() error {
	if !l.torn {
		return nil
	}
	return os.Truncate(l.path, l.whole)
}

func looksLikeRewind(msg string) bool {
	origin, _, _ := strings.Cut(msg, "\n")
	return strings.HasSuffix(origin, rewindSuffix)
}

// take makes a signed note the last one.
func (l *checkpointLog) take(msg string, k keys) error {
	c, err := openCheckpoint(msg, k.trusted)
	if err != nil {
		return err
	}
	if c.isRewind() {
		// From here the log is that of size back again, whose root the note of
		// that size, if there was one, has told already.
		c.size, c.root = c.back, tlog.Hash{}
	}
	l.last = c
	return nil
}

// append writes signed notes and waits for the disk.
func (l *checkpointLog) append(msgs []string, k keys) (err error) {
	if len(msgs) == 0 {
		return nil
	}
	next := *l
	for _, msg := range msgs {
		if err := next.take(msg, k); err != nil {
			return fmt.Errorf("a checkpoint is not signed by a key that this machine trusts: %w", err)
		}
	}
	f, err := os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	_, err = f.WriteString(strings.Join(msgs, "\n") + "\n")
	if err = errors.Join(err, f.Sync()); err != nil {
		// Half a note (the disk is full) must not stay in the way of the next one.
		return errors.Join(err, f.Truncate(info.Size()), f.Close())
	}
	if err := f.Close(); err != nil {
		return err
	}
	if info.Size() == 0 { // the name may be new
		if err := syncDir(filepath.Dir(l.path)); err != nil {
			return err
		}
	}
	*l = next
	return nil
}

// LastCheckpoint returns the newest signed note of an audit folder, "" when there
// is none. Kept where nobody of this house can change it, it is a witness.
func LastCheckpoint(dir string) (string, error) {
	trusted, err := trustedKeys(dir)
	if err != nil {
		return "", err
	}
	l, err := openLog(dir, keys{trusted: trusted})
	if err != nil || len(l.recent) == 0 {
		return "", err
	}
	return l.recent[len(l.recent)-1], nil
}
