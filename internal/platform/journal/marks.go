package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"motcua/internal/platform/sqldb"
)

// marks are the checkpoints of one source, read one at a time in the order in
// which the growing log comes past them.
type marks struct {
	name     string // "database", or the file
	keys     note.Verifiers
	unsigned bool // no keys are known: signatures are not looked at
	read     func() (string, error)
	bad      func(err error)       // told of every note that does not verify
	agrees   func(checkpoint) bool // whether the row around the note says the same; nil for files
	closer   io.Closer

	ahead   *checkpoint
	index   int        // notes read
	rewinds []Rewind   // of a file, found beforehand
	voided  []voidance // one per rewind
}

// voidance is what a rewind gives up: of the notes before it, those above size.
type voidance struct {
	index int
	size  int64
}

func (m *marks) close() {
	if m.closer != nil {
		_ = m.closer.Close() // only read from
	}
}

// peek returns the next checkpoint that still counts.
func (m *marks) peek() (checkpoint, bool, error) {
	for m.ahead == nil {
		msg, err := m.read()
		if errors.Is(err, io.EOF) {
			return checkpoint{}, false, nil
		}
		if err != nil && !errors.Is(err, errDamaged) {
			return checkpoint{}, false, err
		}
		index := m.index
		m.index++
		if err != nil {
			m.bad(err)
			continue
		}
		c, err := m.open(msg)
		if err != nil {
			m.bad(err)
			continue
		}
		if m.agrees != nil && !m.agrees(c) {
			m.bad(errors.New("the row says something else than its note"))
			continue
		}
		if c.isRewind() || m.void(index, c.size) {
			continue
		}
		m.ahead = &c
	}
	return *m.ahead, true, nil
}

func (m *marks) pop() { m.ahead = nil }

func (m *marks) void(index int, size int64) bool {
	for _, v := range m.voided {
		if index < v.index && size > v.size {
			return true
		}
	}
	return false
}

func (m *marks) open(msg string) (checkpoint, error) {
	if !m.unsigned {
		return openCheckpoint(msg, m.keys)
	}
	_, err := note.Open([]byte(msg), note.VerifierList())
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return checkpoint{}, err
	}
	return parseCheckpoint(unverified.Note.Text)
}

// openFileMarks reads a checkpoint file up to its present end, once for the
// rewinds and then note by note. A file that must be there and is not is an error.
func openFileMarks(path string, list note.Verifiers, must bool) (*marks, error) {
	m := &marks{name: path, keys: list, read: func() (string, error) { return "", io.EOF }}
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) && !must {
		return m, nil
	}
	if err != nil {
		return nil, err
	}
	m.closer = f
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if err := m.findRewinds(&noteReader{r: bufio.NewReader(io.NewSectionReader(f, 0, info.Size()))}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	m.read = (&noteReader{r: bufio.NewReader(io.NewSectionReader(f, 0, info.Size()))}).next
	return m, nil
}

func (m *marks) findRewinds(r *noteReader) error {
	for index := 0; ; index++ {
		msg, err := r.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if errors.Is(err, errDamaged) || err == nil && !looksLikeRewind(msg) {
			continue
		}
		if err != nil {
			return err
		}
		c, err := openCheckpoint(msg, m.keys)
		if err != nil || !c.isRewind() {
			continue // reported when it is read in its turn
		}
		m.voided = append(m.voided, voidance{index: index, size: c.back})
		m.rewinds = append(m.rewinds, Rewind{From: c.size, To: c.back, At: c.at, Reason: c.reason})
	}
}

// openFiles opens the checkpoint file and the witnesses up to their present ends.
func (v *verifier) openFiles() error {
	paths := v.opts.Witnesses
	list := note.VerifierList()
	if v.opts.Dir != "" {
		var err error
		if list, err = trustedKeys(v.opts.Dir); err != nil {
			return err
		}
		paths = append([]string{filepath.Join(v.opts.Dir, checkpointFile)}, paths...)
	}
	v.keys = list
	for i, path := range paths {
		own := v.opts.Dir != "" && i == 0
		m, err := openFileMarks(path, list, !own)
		if err != nil {
			return err
		}
		m.bad = v.badNotes("file-note", m)
		v.marks = append(v.marks, m)
	}
	return nil
}

// databaseMarks adds the checkpoints of the database to what the log is held against.
func (v *verifier) databaseMarks() {
	type row struct {
		size, at int64
		msg      string
	}
	var after int64 = -1
	var rows []row
	m := &marks{name: "database", keys: v.keys, unsigned: v.opts.Dir == ""}
	m.bad = v.badNotes("database-note", m)
	var now row
	m.read = func() (string, error) {
		if len(rows) == 0 {
			found, err := v.r.Query(v.ctx, `SELECT size, at, note FROM journal_checkpoint WHERE size > $1 ORDER BY size LIMIT $2`, after, verifyPage)
			rows, err = sqldb.Collect[row](found, err)(func(r *sqldb.Rows) (w row, err error) { return w, r.Scan(&w.size, &w.at, &w.msg) })
			if err != nil {
				return "", err
			}
			if len(rows) == 0 {
				return "", io.EOF
			}
		}
		now, rows = rows[0], rows[1:]
		after = now.size
		return now.msg, nil
	}
	m.agrees = func(c checkpoint) bool { return c.size == now.size && sqldb.Millis(c.at) == now.at }
	v.marks = append([]*marks{m}, v.marks...)
}

// reach compares the log recomputed so far with every checkpoint of its size.
func (v *verifier) reach() error {
	size := v.edge.size
	inDatabase, agreed, differs := false, false, false
	// Who stole the key signs the rewritten rows in the database anew; how far the
	// log is good, only what is kept outside says, where there is such a thing.
	outside := len(v.marks) > 1 && v.marks[1].closer != nil
	for i, m := range v.marks {
		for {
			c, ok, err := m.peek()
			if err != nil {
				return err
			}
			if !ok || c.size > size {
				break
			}
			m.pop()
			v.count(m)
			if i == 0 {
				inDatabase = true
			}
			if c.size < size {
				// Out of order: two replicas wrote to one file. Few; compared at the end.
				v.late = append(v.late, c)
				continue
			}
			if i > 0 && !inDatabase {
				v.problem("note-gone", NoPosition, "size", c.size, "at", c.at, "source", m.name)
			}
			if c.root == v.edge.root() {
				v.signed = max(v.signed, size)
				agreed = agreed || i > 0 || !outside
				continue
			}
			differs = true
			if !v.has("changed") && !v.has("missing") && !v.has("double") {
				v.problem("root", v.agreed, "from", v.agreed, "size", size, "at", c.at, "source", m.name)
			}
		}
	}
	if agreed && !differs {
		v.agreed = max(v.agreed, size)
	}
	return nil
}

func (v *verifier) count(m *marks) {
	if m == v.marks[0] {
		v.report.Checkpoints++
	} else {
		v.report.Files++
	}
}

// badNotes reports notes that do not verify, with their source and number.
func (v *verifier) badNotes(code string, m *marks) func(error) {
	return func(err error) {
		v.problem(code, NoPosition, "source", m.name, "number", m.index, "reason", fmt.Sprint(err))
	}
}
