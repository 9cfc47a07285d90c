package mill

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A text of a life is cut once into what stays and what every copy has anew.

type partKind uint8

const (
	literal  partKind = iota
	owned             // an id of the dossier's own: same, but another for each copy
	agency            // id of the competent agency
	pathOf            // its path
	codeOf            // its agency code
	staff             // account of somebody at the agency
	person            // account of a party
	number            // number of the dossier
	holder            // name of the owner
	citizen           // citizen number of the owner
	moment            // milliseconds
	instant           // RFC 3339
	unchange          // only while cutting
)

type part struct {
	kind partKind
	n    int    // which id
	text string // literal, or the original
	at   int64  // milliseconds
}

type text []part

var (
	uuids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)
	moments  = regexp.MustCompile(`\b1[6-9]\d{11}\b`)
	instants = regexp.MustCompile(`"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"`)
)

// cutter knows the words of one life.
type cutter struct {
	ids    map[string]part // uuid → what it is
	order  int
	fixed  []replacement // longest first
	cached map[string]text
}

type replacement struct {
	word string
	kind partKind
}

// own gives an id of the dossier a place.
func (c *cutter) own(id string) {
	if _, known := c.ids[id]; !known && id != "" {
		c.ids[id] = part{kind: owned, n: c.order, text: id}
		c.order++
	}
}

// cut cuts a text.
func (c *cutter) cut(s string) text {
	if t, ok := c.cached[s]; ok {
		return t
	}
	t := text{{kind: literal, text: s}}
	for _, f := range c.fixed {
		if f.word != "" {
			t = split(t, func(s string) (int, int, part) {
				i := strings.Index(s, f.word)
				return i, i + len(f.word), part{kind: f.kind, text: f.word}
			})
		}
	}
	t = split(t, func(s string) (int, int, part) {
		for from := 0; ; {
			m := uuids.FindStringIndex(s[from:])
			if m == nil {
				return -1, 0, part{}
			}
			a, b := from+m[0], from+m[1]
			if p, known := c.ids[s[a:b]]; known && (a == 0 || s[a-1] != '~') { // "code~agency~channel" names an offer, which is not copied
				return a, b, p
			}
			from = b
		}
	})
	t = split(t, func(s string) (int, int, part) {
		m := instants.FindStringIndex(s)
		if m == nil {
			return -1, 0, part{}
		}
		at, err := time.Parse(time.RFC3339Nano, s[m[0]+1:m[1]-1])
		if err != nil {
			return -1, 0, part{}
		}
		return m[0], m[1], part{kind: instant, at: at.UnixMilli()}
	})
	t = split(t, func(s string) (int, int, part) {
		m := moments.FindStringIndex(s)
		if m == nil {
			return -1, 0, part{}
		}
		at, err := strconv.ParseInt(s[m[0]:m[1]], 10, 64)
		if err != nil {
			return -1, 0, part{}
		}
		return m[0], m[1], part{kind: moment, at: at}
	})
	c.cached[s] = t
	return t
}

func split(t text, find func(string) (int, int, part)) text {
	var out text
	for _, p := range t {
		if p.kind != literal {
			out = append(out, p)
			continue
		}
		for s := p.text; ; {
			a, b, found := find(s)
			if a < 0 {
				if s != "" || len(out) == 0 && len(t) == 1 {
					out = append(out, part{kind: literal, text: s})
				}
				break
			}
			if a > 0 {
				out = append(out, part{kind: literal, text: s[:a]})
			}
			out = append(out, found)
			s = s[b:]
		}
	}
	return out
}

// copyOf is what one copy has anew.
type copyOf struct {
	shift   int64    // milliseconds
	ids     []string // owned
	place   *place
	persons [2]string
	number  string
	name    string
	citizen string
	buf     []byte
}

// write renders a text of the life for this copy.
func (c *copyOf) write(t text) string {
	if len(t) == 1 && t[0].kind == literal {
		return t[0].text
	}
	b := c.buf[:0]
	for _, p := range t {
		switch p.kind {
		case owned:
			b = append(b, c.ids[p.n]...)
		case agency:
			b = append(b, c.place.id...)
		case pathOf:
			b = append(b, c.place.path...)
		case codeOf:
			b = append(b, c.place.code...)
		case staff:
			b = append(b, c.place.staffOf(p.text)...)
		case person:
			b = append(b, c.persons[p.n]...)
		case number:
			b = append(b, c.number...)
		case holder:
			b = append(b, c.name...)
		case citizen:
			b = append(b, c.citizen...)
		case moment:
			b = strconv.AppendInt(b, p.at+c.shift, 10)
		case instant:
			b = append(b, '"')
			b = time.UnixMilli(p.at+c.shift).UTC().AppendFormat(b, time.RFC3339Nano)
			b = append(b, '"')
		default:
			b = append(b, p.text...)
		}
	}
	c.buf = b
	return string(b)
}

// uuid7 is a time-ordered id of a moment; count keeps those of one moment in order.
func uuid7(ms int64, count uint16, rng *rand.Rand) string {
	var u [16]byte
	binary.BigEndian.PutUint64(u[:8], uint64(ms)<<16)
	binary.BigEndian.PutUint16(u[6:8], 0x7000|count&0x0fff)
	binary.BigEndian.PutUint64(u[8:], rng.Uint64())
	u[8] = u[8]&0x3f | 0x80
	var out [36]byte
	hex.Encode(out[:8], u[:4])
	hex.Encode(out[9:13], u[4:6])
	hex.Encode(out[14:18], u[6:8])
	hex.Encode(out[19:23], u[8:10])
	hex.Encode(out[24:], u[10:])
	out[8], out[13], out[18], out[23] = '-', '-', '-', '-'
	return string(out[:])
}
