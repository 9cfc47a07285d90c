package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"regexp"
	"unicode/utf8"
)

// MaxRecord is how many bytes one record may have; the longest of the national
// database have a few hundred thousand.
const MaxRecord = 4 << 20

// Item is one record in a file.
type Item struct {
	Line int64  // where it begins, from 1
	Next int64  // offset of the byte behind it, to go on from
	Rows int64  // number of the line that Next lies on
	Data []byte // valid until the next call
	Err  error  // a *Refusal for a record that cannot be read; the splitter has gone on behind it
}

// Splitter cuts a stream into records: JSON lines, an array, one object, objects one
// after the other, or an envelope {"data": [ … ]}. It holds one record at a time.
type Splitter struct {
	in    *bufio.Reader
	at    int64 // bytes read
	line  int64
	lines bool // one record a line: a broken one spoils no other
	begun bool
	buf   []byte
}

// NewSplitter cuts a stream from its beginning.
func NewSplitter(r io.Reader) *Splitter {
	return &Splitter{in: bufio.NewReaderSize(r, 64<<10), line: 1}
}

// ResumeSplitter goes on with a stream whose first offset bytes were read up to a
// line; lines is [Splitter.Lines] of the one before.
func ResumeSplitter(r io.Reader, offset, line int64, lines bool) *Splitter {
	return &Splitter{in: bufio.NewReaderSize(r, 64<<10), at: offset, line: line, lines: lines, begun: true}
}

// Lines reports whether the stream has one record a line.
func (s *Splitter) Lines() bool { return s.lines }

// Next returns the next record; io.EOF after the last one. Any other error is of the stream.
func (s *Splitter) Next() (Item, error) {
	if !s.begun {
		if err := s.begin(); err != nil {
			return Item{}, err
		}
	}
	if s.lines {
		return s.nextLine()
	}
	return s.nextValue()
}

var (
	// envelope is an object whose member data, result or items is the list.
	envelope = regexp.MustCompile(`^\s*\{(?:\s*"[^"\\]+"\s*:\s*(?:"(?:[^"\\]|\\.)*"|-?[\d.]+|true|false|null)\s*,)*\s*"(?i:data|result|results|items|danhsach)"\s*:\s*\[`)
	bom      = []byte("\xef\xbb\xbf")
)

// begin looks at the head to find the form of the stream.
func (s *Splitter) begin() error {
	s.begun = true
	if head, err := s.in.Peek(3); err == nil && bytes.Equal(head, bom) {
		s.skip(3)
	}
	head, err := s.in.Peek(64 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return err
	}
	if m := envelope.FindIndex(head); m != nil {
		s.skip(m[1])
		return nil
	}
	first, rest, found := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte("\n"))
	first = bytes.TrimSpace(first)
	rest = bytes.TrimLeft(rest, " \t\r\n")
	// A whole object on the first line, or an object that begins on the first and
	// another that begins the second: one record a line.
	s.lines = len(first) > 0 && first[0] == '{' && (first[len(first)-1] == '}' && balanced(first) || found && len(rest) > 0 && rest[0] == '{')
	if !found && len(first) > 0 && first[0] == '{' && len(head) >= 64<<10 {
		s.lines = true // the first line is longer than the head: objects printed over lines are not
	}
	return nil
}

// balanced reports whether an object ends where the text does.
func balanced(b []byte) bool {
	var d depth
	for i, c := range b {
		if d.take(c); d.closed() {
			return i == len(b)-1
		}
	}
	return false
}

// depth follows brackets outside strings.
type depth struct {
	n        int
	opened   bool
	inString bool
	escaped  bool
}

func (d *depth) take(c byte) {
	switch {
	case d.escaped:
		d.escaped = false
	case d.inString:
		switch c {
		case '\\':
			d.escaped = true
		case '"':
			d.inString = false
		}
	case c == '"':
		d.inString = true
	case c == '{' || c == '[':
		d.n++
		d.opened = true
	case c == '}' || c == ']':
		d.n--
	}
}

func (d *depth) closed() bool { return d.opened && d.n <= 0 && !d.inString }

func (s *Splitter) skip(n int) {
	b, _ := s.in.Peek(n) // it was peeked before
	s.line += int64(bytes.Count(b, []byte("\n")))
	k, _ := s.in.Discard(n)
	s.at += int64(k)
}

func (s *Splitter) readByte() (byte, error) {
	c, err := s.in.ReadByte()
	if err == nil {
		s.at++
		if c == '\n' {
			s.line++
		}
	}
	return c, err
}

// nextLine reads one line.
func (s *Splitter) nextLine() (Item, error) {
	for {
		line := s.line
		s.buf = s.buf[:0]
		tooBig := false
		for {
			part, err := s.in.ReadSlice('\n')
			s.at += int64(len(part))
			if len(s.buf)+len(part) > MaxRecord {
				tooBig = true
			} else {
				s.buf = append(s.buf, part...)
			}
			if errors.Is(err, bufio.ErrBufferFull) {
				continue
			}
			if err != nil && !errors.Is(err, io.EOF) {
				return Item{}, err
			}
			if err == nil {
				s.line++
			} else if len(s.buf) == 0 && !tooBig {
				return Item{}, io.EOF
			}
			break
		}
		data := bytes.TrimSpace(s.buf)
		if len(data) == 0 && !tooBig {
			continue
		}
		it := Item{Line: line, Next: s.at, Rows: s.line, Data: data}
		if tooBig {
			it.Data, it.Err = nil, &Refusal{Why: TooBig}
		}
		return s.check(it), nil
	}
}

// nextValue reads one value out of an array or a row of values.
func (s *Splitter) nextValue() (Item, error) {
	// Between values there are only spaces, commas and the brackets of the list.
	var c byte
	var err error
	for {
		if c, err = s.readByte(); err != nil {
			return Item{}, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n,[]"), rune(c)) {
			break
		}
	}
	it := Item{Line: s.line}
	s.buf = append(s.buf[:0], c)
	if c != '{' {
		if c == '}' {
			return s.nextValue() // the end of an envelope
		}
		return s.stray(it)
	}
	var d depth
	d.take(c)
	tooBig := false
	for !d.closed() {
		if c, err = s.readByte(); err != nil {
			if !errors.Is(err, io.EOF) {
				return Item{}, err
			}
			it.Err = &Refusal{Why: NotJSON, Text: shorten(printable(s.buf), 80)}
			break
		}
		d.take(c)
		if len(s.buf) >= MaxRecord {
			tooBig = true
			continue
		}
		s.buf = append(s.buf, c)
	}
	it.Data, it.Next, it.Rows = s.buf, s.at, s.line
	if tooBig {
		it.Data, it.Err = nil, &Refusal{Why: TooBig}
	}
	return s.check(it), nil
}

// stray refuses what stands where a record should, up to the end of its line.
func (s *Splitter) stray(it Item) (Item, error) {
	for {
		c, err := s.readByte()
		if errors.Is(err, io.EOF) || err == nil && c == '\n' {
			break
		}
		if err != nil {
			return Item{}, err
		}
		if len(s.buf) < 400 {
			s.buf = append(s.buf, c)
		}
	}
	it.Next, it.Rows = s.at, s.line
	it.Err = &Refusal{Why: NotObject, Text: shorten(printable(s.buf), 80)}
	return it, nil
}

// check refuses a record that is no text in UTF-8: JSON would put question marks
// where letters were.
func (s *Splitter) check(it Item) Item {
	if it.Err == nil && !utf8.Valid(it.Data) {
		it.Err = &Refusal{Why: NotJSON, Field: "utf-8", Text: shorten(printable(it.Data), 80)}
	}
	return it
}

func printable(b []byte) string { return string(bytes.ToValidUTF8(bytes.TrimSpace(b), []byte("?"))) }
