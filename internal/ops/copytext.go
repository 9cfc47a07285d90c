package ops

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// The text form of PostgreSQL's COPY: a row a line, columns between tabs, \N for
// NULL, backslash escapes. Both engines can be read and written through it.

// kind is what a column holds, as far as its text differs.
type kind int

const (
	kindText kind = iota
	kindInt
	kindBool
	kindFloat
	kindBytes
)

// kindOf reads a declared column type of either engine.
func kindOf(declared string) kind {
	t := strings.ToLower(declared)
	switch {
	case strings.Contains(t, "bool"):
		return kindBool
	case strings.Contains(t, "int"):
		return kindInt
	case strings.Contains(t, "blob"), strings.Contains(t, "bytea"):
		return kindBytes
	case strings.Contains(t, "real"), strings.Contains(t, "double"), strings.Contains(t, "float"):
		return kindFloat
	}
	return kindText
}

// appendField writes a value as a database driver gives it, for a column of kind k.
func appendField(b []byte, v any, k kind) ([]byte, error) {
	switch x := v.(type) {
	case nil:
		return append(b, `\N`...), nil
	case int64:
		if k == kindBool {
			return strconv.AppendBool(b, x != 0), nil
		}
		return strconv.AppendInt(b, x, 10), nil
	case bool:
		return strconv.AppendBool(b, x), nil
	case float64:
		if k == kindInt && x == math.Trunc(x) {
			return strconv.AppendInt(b, int64(x), 10), nil
		}
		return strconv.AppendFloat(b, x, 'g', -1, 64), nil
	case []byte:
		if k == kindBytes {
			b = append(b, `\\x`...)
			return hex.AppendEncode(b, x), nil
		}
		return appendEscaped(b, string(x))
	case string:
		if k == kindBytes {
			b = append(b, `\\x`...)
			return hex.AppendEncode(b, []byte(x)), nil
		}
		return appendEscaped(b, x)
	}
	return b, fmt.Errorf("no text for a %T", v)
}

func appendEscaped(b []byte, s string) ([]byte, error) {
	for i := range len(s) {
		switch c := s[i]; c {
		case 0:
			return b, errors.New("a text holds a NUL byte, which PostgreSQL does not take")
		case '\\':
			b = append(b, `\\`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\v':
			b = append(b, `\v`...)
		default:
			b = append(b, c)
		}
	}
	return b, nil
}

// copyReader reads rows of COPY text.
type copyReader struct {
	r     *bufio.Reader
	kinds []kind
	line  []byte
}

func newCopyReader(r io.Reader, kinds []kind) *copyReader {
	return &copyReader{r: bufio.NewReaderSize(r, 256<<10), kinds: kinds}
}

// next returns the values of the next row for a database driver; io.EOF after the last.
func (c *copyReader) next() ([]any, error) {
	c.line = c.line[:0]
	for {
		part, err := c.r.ReadSlice('\n')
		c.line = append(c.line, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if errors.Is(err, io.EOF) {
			if len(c.line) == 0 {
				return nil, io.EOF
			}
			return nil, damaged("a row is cut off")
		}
		if err != nil {
			return nil, err
		}
		break
	}
	fields := bytes.Split(c.line[:len(c.line)-1], []byte{'\t'})
	if len(fields) != len(c.kinds) {
		return nil, damaged("a row has %d columns, not %d", len(fields), len(c.kinds))
	}
	row := make([]any, len(fields))
	for i, f := range fields {
		v, err := parseField(f, c.kinds[i])
		if err != nil {
			return nil, damaged("column %d: %v", i+1, err)
		}
		row[i] = v
	}
	return row, nil
}

func parseField(f []byte, k kind) (any, error) {
	if string(f) == `\N` {
		return nil, nil
	}
	s, err := unescape(f)
	if err != nil {
		return nil, err
	}
	switch k {
	case kindInt:
		return strconv.ParseInt(s, 10, 64)
	case kindBool:
		switch s {
		case "t", "true":
			return int64(1), nil
		case "f", "false":
			return int64(0), nil
		}
		return nil, fmt.Errorf("%q is no boolean", s)
	case kindFloat:
		return strconv.ParseFloat(s, 64)
	case kindBytes:
		digits, ok := strings.CutPrefix(s, `\x`)
		if !ok {
			return nil, errors.New("bytes are not in hex")
		}
		return hex.DecodeString(digits)
	default:
		return s, nil
	}
}

func unescape(f []byte) (string, error) {
	if bytes.IndexByte(f, '\\') < 0 {
		return string(f), nil
	}
	b := make([]byte, 0, len(f))
	for i := 0; i < len(f); i++ {
		if f[i] != '\\' {
			b = append(b, f[i])
			continue
		}
		if i++; i == len(f) {
			return "", errors.New("a text ends in an escape")
		}
		switch f[i] {
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'v':
			b = append(b, '\v')
		case '\\':
			b = append(b, '\\')
		default:
			return "", fmt.Errorf("unknown escape %q", f[i])
		}
	}
	return string(b), nil
}
