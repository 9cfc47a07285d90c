package document

import (
	"bytes"
	"embed"
	"fmt"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"motcua/internal/platform/fold"
)

//go:embed fonts/*.ttf
var fontFiles embed.FS

// family is the name under which the embedded typeface is known inside a PDF.
const family = "MotcuaSerif"

// Styles of a run of text.
const (
	plain      = ""
	bold       = "B"
	italic     = "I"
	boldItalic = "BI"
)

// faces are the files of the styles.
var faces = map[string]string{plain: "regular", bold: "bold", italic: "italic", boldItalic: "bold-italic"}

// sheet draws on A4 by Nghị định 30/2020, Phụ lục I: margins 20 mm above and
// below, 30 left, 15-20 right; the page number in the top margin from page 2 on.
// It does its own line breaking, because the runs of one line differ in weight.
type sheet struct {
	pdf         *fpdf.Fpdf
	w, h        float64 // page, mm
	left, right float64 // x of the margins, mm
	top, bottom float64 // y of the margins, mm
	y           float64 // where the next line begins
	size        float64 // size of text that names none, pt
	onNewPage   func()
	faces       map[string]bool // styles that the PDF knows already
}

// paper is the size and direction of a sheet.
type paper struct {
	landscape bool
	half      bool // A5, for slips
}

func newSheet(p paper, title string, at time.Time) *sheet {
	size, orientation := "A4", "P"
	if p.half {
		size = "A5"
	}
	if p.landscape {
		orientation = "L"
	}
	pdf := fpdf.New(orientation, "mm", size, "")
	// The same data must give the same bytes, whenever and wherever it is drawn.
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(at.UTC())
	pdf.SetModificationDate(at.UTC())
	pdf.SetProducer("Motcua", true)
	pdf.SetTitle(printable(title), true)
	pdf.SetLang("vi-VN")
	pdf.SetAutoPageBreak(false, 0)
	w, h := pdf.GetPageSize()
	s := &sheet{pdf: pdf, w: w, h: h, left: 30, right: w - 18, top: 20, bottom: h - 20, size: 13, faces: map[string]bool{}}
	if p.half {
		s.left, s.right, s.top, s.bottom, s.size = 15, w-12, 12, h-12, 11
	}
	s.newPage()
	return s
}

// newPage begins a page; from the second on its number stands in the top margin.
func (s *sheet) newPage() {
	s.pdf.AddPage()
	s.y = s.top
	if n := s.pdf.PageNo(); n > 1 {
		s.font(plain, s.size)
		text := fmt.Sprint(n)
		s.pdf.Text((s.w-s.pdf.GetStringWidth(text))/2, s.top-6, text)
		if s.onNewPage != nil {
			s.onNewPage()
		}
	}
}

// ensure begins a new page when h mm do not fit on this one.
func (s *sheet) ensure(h float64) {
	if s.y+h > s.bottom {
		s.newPage()
	}
}

func (s *sheet) font(style string, size float64) {
	if size == 0 {
		size = s.size
	}
	if !s.faces[style] {
		// Only when it is used: reading a face costs more than drawing most papers.
		s.faces[style] = true
		raw, err := fontFiles.ReadFile("fonts/" + faces[style] + ".ttf")
		if err != nil {
			s.pdf.SetError(err)
			return
		}
		s.pdf.AddUTF8FontFromBytes(family, style, raw)
	}
	s.pdf.SetFont(family, style, size)
}

// mm is the height of one line of text of size pt.
func mm(pt float64) float64 { return pt * 0.3528 }

// run is text in one style.
type run struct {
	text  string
	style string
	size  float64 // 0 = the sheet's
}

func r(text string) run  { return run{text: text} }
func rb(text string) run { return run{text: text, style: bold} }
func ri(text string) run { return run{text: text, style: italic} }

// align of a paragraph.
type align int

const (
	alignLeft align = iota
	alignCenter
	alignRight
	alignJustify
)

// box is where a paragraph stands and how.
type box struct {
	x, w    float64 // 0 = between the margins
	align   align
	indent  float64 // of the first line, mm
	hanging float64 // of the other lines, mm
	lead    float64 // line height as a factor, 0 = 1.25
	after   float64 // mm below
	fixed   bool    // never break the page (headers, cells: the caller made room)
}

// piece is one word of a line.
type piece struct {
	text  string
	style string
	size  float64
	w     float64 // of the word, mm
	space float64 // before the word, mm; 0 at a line's start and inside a word of two styles
}

type line struct {
	pieces []piece
	w      float64
	size   float64 // largest
	last   bool    // of its paragraph
}

// para draws runs as one paragraph and moves down.
func (s *sheet) para(b box, runs ...run) {
	if b.w == 0 {
		b.x, b.w = s.left, s.right-s.left
	}
	if b.lead == 0 {
		b.lead = 1.25
	}
	for i, l := range s.breakLines(b, runs) {
		h := mm(l.size) * b.lead
		if !b.fixed {
			s.ensure(h)
		}
		s.drawLine(b, l, i == 0, h)
		s.y += h
	}
	s.y += b.after
}

// height is how much room para would take.
func (s *sheet) height(b box, runs ...run) float64 {
	if b.lead == 0 {
		b.lead = 1.25
	}
	total := b.after
	for _, l := range s.breakLines(b, runs) {
		total += mm(l.size) * b.lead
	}
	return total
}

func (s *sheet) drawLine(b box, l line, first bool, h float64) {
	indent := b.hanging
	if first {
		indent = b.indent
	}
	x, free := b.x+indent, b.w-indent-l.w
	extra := 0.0
	switch b.align {
	case alignCenter:
		x += free / 2
	case alignRight:
		x += free
	case alignJustify:
		if gaps := l.gaps(); !l.last && gaps > 0 {
			extra = free / float64(gaps)
		}
	case alignLeft:
	}
	base := s.y + h/2 + mm(l.size)*0.34
	// Words of one style are written together, so that the text can be read out of
	// the file as it was written; only justified lines place each word.
	for i := 0; i < len(l.pieces); {
		p := l.pieces[i]
		if p.space > 0 {
			x += p.space + extra
		}
		text, w, j := p.text, p.w, i+1
		for extra == 0 && j < len(l.pieces) && l.pieces[j].style == p.style && l.pieces[j].size == p.size {
			if l.pieces[j].space > 0 {
				text += " "
			}
			text += l.pieces[j].text
			w += l.pieces[j].space + l.pieces[j].w
			j++
		}
		s.font(p.style, p.size)
		s.pdf.Text(x, base, text)
		x += w
		i = j
	}
}

func (l line) gaps() int {
	n := 0
	for _, p := range l.pieces {
		if p.space > 0 {
			n++
		}
	}
	return n
}

// breakLines wraps runs to the box. A word wider than the box is cut.
func (s *sheet) breakLines(b box, runs []run) []line {
	var lines []line
	cur := line{size: s.size}
	width := func() float64 {
		if len(lines) == 0 {
			return b.w - b.indent
		}
		return b.w - b.hanging
	}
	flush := func(last bool) {
		cur.last = last
		lines = append(lines, cur)
		cur = line{size: s.size}
	}
	glue := false // the next word continues the one before it: no space between the runs
	for _, rn := range runs {
		size := rn.size
		if size == 0 {
			size = s.size
		}
		text := printable(rn.text)
		s.font(rn.style, size)
		blank := s.pdf.GetStringWidth(" ")
		for li, part := range strings.Split(text, "\n") {
			if li > 0 {
				flush(true)
				glue = true
			}
			words := strings.Fields(part)
			if len(words) == 0 {
				glue = glue && !strings.ContainsAny(part, " \u00a0")
				continue
			}
			for wi, word := range words {
				space := blank
				if len(cur.pieces) == 0 || wi == 0 && glue && !startsBlank(part) {
					space = 0
				}
				w := s.pdf.GetStringWidth(word)
				if cur.w+space+w > width()+0.01 && len(cur.pieces) > 0 {
					if space == 0 && glue {
						// A word of two styles moves to the next line as a whole.
						moved := cur.cutWord()
						flush(false)
						for _, p := range moved {
							cur.add(p)
						}
					} else {
						flush(false)
						space = 0
					}
				}
				for w > width() {
					head, rest := s.cut(word, width()-cur.w-space)
					cur.add(piece{text: head, style: rn.style, size: size, w: s.pdf.GetStringWidth(head), space: space})
					flush(false)
					word, space, w = rest, 0, s.pdf.GetStringWidth(rest)
				}
				cur.add(piece{text: word, style: rn.style, size: size, w: w, space: space})
			}
			glue = !endsBlank(part)
		}
	}
	flush(true)
	return lines
}

func (l *line) add(p piece) {
	if len(l.pieces) == 0 {
		p.space = 0
	}
	l.pieces = append(l.pieces, p)
	l.w += p.space + p.w
	l.size = max(l.size, p.size)
	if len(l.pieces) == 1 {
		l.size = p.size
	}
}

// cutWord takes the last word, of however many styles, off the line; a line that
// is one single word stays.
func (l *line) cutWord() []piece {
	i := len(l.pieces) - 1
	for i > 0 && l.pieces[i].space == 0 {
		i--
	}
	if i == 0 {
		return nil
	}
	moved := append([]piece(nil), l.pieces[i:]...)
	l.pieces = l.pieces[:i]
	l.w = 0
	for _, p := range l.pieces {
		l.w += p.space + p.w
	}
	return moved
}

// cut splits a word so that the first part fits w mm, after a hyphen, point or
// slash when there is one; at least one letter stays.
func (s *sheet) cut(word string, w float64) (head, rest string) {
	letters := []rune(word)
	n := 1
	for n < len(letters) && s.pdf.GetStringWidth(string(letters[:n+1])) <= w {
		n++
	}
	for i := n; i > 1; i-- {
		if strings.ContainsRune("-./@_", letters[i-1]) {
			n = i
			break
		}
	}
	return string(letters[:n]), string(letters[n:])
}

func startsBlank(s string) bool { return s != "" && strings.IndexFunc(s, unicode.IsSpace) == 0 }
func endsBlank(s string) bool {
	return s != "" && strings.LastIndexFunc(s, unicode.IsSpace) == len(strings.TrimRightFunc(s, unicode.IsSpace))
}

// rule draws a line centred under a text of w mm.
func (s *sheet) rule(x, y, w float64) {
	s.pdf.SetLineWidth(0.25)
	s.pdf.Line(x, y, x+w, y)
}

// gap moves down.
func (s *sheet) gap(h float64) { s.y += h }

// textWidth is the width of text on one line.
func (s *sheet) textWidth(rn run) float64 {
	s.font(rn.style, rn.size)
	return s.pdf.GetStringWidth(printable(rn.text))
}

// bytes ends the drawing.
func (s *sheet) bytes() ([]byte, error) {
	var b bytes.Buffer
	if err := s.pdf.Output(&b); err != nil {
		return nil, fmt.Errorf("drawing a paper: %w", err)
	}
	return b.Bytes(), nil
}

// printable brings text into the form the typeface can show: composed letters
// (no shaping is done), no control characters, a box for signs it lacks.
func printable(s string) string {
	s = fold.NFC(s)
	ok := true
	for _, c := range s {
		if !drawable(c) {
			ok = false
			break
		}
	}
	if ok {
		return s
	}
	var b strings.Builder
	for _, c := range s {
		switch {
		case drawable(c):
			b.WriteRune(c)
		case c == '\t', c == '\r', unicode.IsSpace(c):
			b.WriteByte(' ')
		case c == '\u2011': // non-breaking hyphen
			b.WriteByte('-')
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c), unicode.Is(unicode.Mn, c):
		default:
			b.WriteRune('□')
		}
	}
	return b.String()
}

// drawable says whether the subset of the typeface has the letter; see fonts/README.md.
func drawable(c rune) bool {
	switch {
	case c == '\n', c >= 0x20 && c < 0x7f, c >= 0xa1 && c < 0x180 && c != 0xad:
		return true
	case c == 0xa0:
		return true
	case c == 0x1a0, c == 0x1a1, c == 0x1af, c == 0x1b0, c >= 0x1ea0 && c < 0x1efa:
		return true
	case c >= 0x2013 && c <= 0x2015, c >= 0x2018 && c <= 0x201e, c >= 0x2020 && c <= 0x2022, c == 0x2026, c == 0x2030:
		return true
	case c == 0x20ab, c == 0x20ac, c == 0x2116, c == 0x2122, c == 0x2212, c == 0x2260, c == 0x2264, c == 0x2265:
		return true
	case c >= 0x2190 && c <= 0x2193, c == '□', c == '■', c == '○', c == '●':
		return true
	}
	return false
}
