package document

import (
	"fmt"
	"strings"
	"unicode"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// drawResult makes the PDF of a filled template.
func drawResult(f *Filled, p page) ([]byte, error) {
	s := newSheet(paper{landscape: f.Paper.Orientation == "landscape", half: f.Paper.Size == "A5"}, f.Title, p.at)
	d := &resultDrawing{sheet: s, f: f, p: p}
	for _, b := range f.Blocks {
		d.block(b)
	}
	s.checkLine(p.code, p.where)
	return s.bytes()
}

type resultDrawing struct {
	*sheet
	f *Filled
	p page
	// Where a number block stands: beside the date of the national head.
	numberX, numberW, numberY float64
	headEnd                   float64
}

func (d *resultDrawing) words(e expression) string { return e.finish(d.p.Entry, d.p.Labels) }

func (d *resultDrawing) block(b filledBlock) {
	style := map[string]string{"bold": bold, "italic": italic}[b.Style]
	switch b.Kind {
	case National:
		d.nationalBlock()
	case NumberRow:
		d.numberBlock(d.words(b.Text))
	case Heading:
		d.gap(5)
		d.para(box{align: alignCenter, lead: 1.25}, run{text: fold.Upper(d.words(b.Text)), style: bold, size: d.size + 4})
		if sub := d.words(b.Sub); sub != "" {
			d.para(box{align: alignCenter, lead: 1.25}, run{text: sub, style: bold, size: d.size + 1})
		}
		d.gap(4)
	case Paragraph:
		bx := box{align: alignOf(b.Align, alignJustify), lead: 1.35, after: 1.5}
		if bx.align == alignJustify || b.Align == "" {
			bx.indent = 10
		}
		d.para(bx, run{text: d.words(b.Text), style: style})
	case Fields:
		d.fields(b, style)
	case TableOf:
		d.tableBlock(b)
	case List:
		for i, it := range b.Items {
			mark := "- "
			if b.Numbered {
				mark = fmt.Sprintf("%d. ", i+1)
			}
			d.para(box{indent: 10, hanging: 10 + d.textWidth(r(mark)), lead: 1.3, align: alignJustify}, run{text: mark + d.words(it), style: style})
		}
	case Signature:
		d.signature(b)
	}
}

// nationalBlock draws the head. The date moves to the signature when a signature asks for it.
func (d *resultDrawing) nationalBlock() {
	dated := true
	for _, b := range d.f.Blocks {
		dated = dated && !b.PlaceDate
	}
	total := d.right - d.left
	d.numberX, d.numberW = d.left-5, total*0.43+3
	d.national(d.p.Agency, "", d.p.at, dated)
	d.headEnd = d.y
	d.numberY = d.y
	if dated {
		d.numberY = d.y - mm(d.size)*1.15
	}
	d.gap(1)
}

func (d *resultDrawing) numberBlock(text string) {
	if d.headEnd == 0 || d.y > d.headEnd+2 {
		d.para(box{align: alignCenter, lead: 1.25}, r(text))
		return
	}
	d.y = d.numberY
	d.para(box{x: d.numberX, w: d.numberW, align: alignCenter, lead: 1.15, fixed: true}, r(text))
	d.y = max(d.y, d.headEnd) + 1
}

func (d *resultDrawing) fields(b filledBlock, style string) {
	cols := max(b.Columns, 1)
	total := d.right - d.left
	w := total / float64(cols)
	for i := 0; i < len(b.Cells); i += cols {
		h := 0.0
		for c := 0; c < cols && i+c < len(b.Cells); c++ {
			h = max(h, d.height(box{w: w - 2, lead: 1.45}, d.field(b, i+c, style)...))
		}
		d.ensure(h)
		top, end := d.y, d.y
		for c := 0; c < cols && i+c < len(b.Cells); c++ {
			d.y = top
			d.para(box{x: d.left + w*float64(c), w: w - 2, lead: 1.45, fixed: true}, d.field(b, i+c, style)...)
			end = max(end, d.y)
		}
		d.y = end
	}
	d.gap(1)
}

func (d *resultDrawing) field(b filledBlock, i int, style string) []run {
	value := run{text: d.words(b.Cells[i][0]), style: style}
	if style == plain && fold.Upper(value.text) == value.text && strings.ContainsFunc(value.text, unicode.IsLetter) {
		value.style = bold // a name in capitals
	}
	if b.Labels[i] == "" {
		return []run{value}
	}
	return []run{r(b.Labels[i] + ": "), value}
}

func (d *resultDrawing) tableBlock(b filledBlock) {
	cols := make([]column, len(b.Heads))
	for i, h := range b.Heads {
		w := h.Width
		if w <= 0 {
			w = 100 / float64(len(b.Heads))
		}
		cols[i] = column{title: h.Title.VI, w: w, align: alignOf(h.Align, alignLeft)}
	}
	rows := make([][]string, len(b.Cells))
	for i, cells := range b.Cells {
		for _, c := range cells {
			rows[i] = append(rows[i], d.words(c))
		}
	}
	d.gap(1)
	d.table(d.size-0.5, cols, rows)
	d.gap(3)
}

// signs says by what authority somebody signs where a template names a post or a
// role. The holder of the very post ("Chủ tịch Ủy ban nhân dân phường" for CHỦ TỊCH) signs
// as such, the deputy for the holder: "KT. CHỦ TỊCH" (NĐ 30/2020/NĐ-CP, Phụ lục I).
func signs(named, post string) (authority, title string) {
	want, has := fold.Key(named)+" ", fold.Key(post)+" "
	switch {
	case post == "" || strings.HasPrefix(has, want):
		return "", named
	case strings.HasPrefix(has, "pho "+want):
		return "KT. " + named, post
	default:
		return named, post
	}
}

func (d *resultDrawing) signature(b filledBlock) {
	d.ensure(50)
	d.gap(4)
	w := (d.right - d.left) / 2
	rx := d.left + w
	if b.PlaceDate {
		place := orName(d.p.Agency.Place, dots)
		d.para(box{x: rx, w: w, align: alignCenter, lead: 1.3, fixed: true}, run{text: place + ", " + civil.DateOf(d.p.at).Printed("vi"), style: italic})
	}
	top := d.y
	if left := d.words(b.Left); left != "" {
		for i, l := range strings.Split(left, "\n") {
			rn := run{text: l, size: d.size - 2}
			if i == 0 {
				rn.style, rn.size = boldItalic, d.size-1
			}
			d.para(box{x: d.left, w: w - 4, lead: 1.2, fixed: true}, rn)
		}
	}
	if d.p.track != "" {
		// The code that proves the paper stands where the eye looks for the seal.
		y := max(d.y, top) + 2
		const q = 24
		if err := d.qrCode(d.left, y, q, d.p.track); err != nil {
			d.pdf.SetError(err)
		}
		d.y = y + 6
		d.para(box{x: d.left + q + 2, w: w - q - 6, lead: 1.2, fixed: true}, run{text: "Quét mã để kiểm tra giấy này", style: italic, size: 9})
		d.para(box{x: d.left + q + 2, w: w - q - 6, lead: 1.2, fixed: true}, run{text: "Mã kiểm tra: " + spaced(d.p.code), size: 9})
		d.y = max(d.y, y+q)
	}
	leftEnd := d.y
	d.y = top
	sig := signature{authority: d.p.Signer.Authority, title: d.words(b.Title), name: d.p.Signer.Name}
	if sig.title == "" {
		sig.title = d.p.Signer.Title
	} else if sig.authority == "" {
		sig.authority, sig.title = signs(sig.title, d.p.Signer.Title)
	}
	bx := box{x: rx, w: w, align: alignCenter, lead: 1.2, fixed: true}
	if sig.authority != "" {
		d.para(bx, rb(fold.Upper(sig.authority)))
	}
	if sig.title != "" {
		d.para(bx, rb(fold.Upper(sig.title)))
	}
	d.y = max(d.y+24, top+36)
	if sig.name != "" {
		d.para(bx, rb(sig.name))
	}
	d.y = max(d.y, leftEnd)
}

func alignOf(name string, def align) align {
	switch name {
	case "left":
		return alignLeft
	case "center":
		return alignCenter
	case "right":
		return alignRight
	case "justify":
		return alignJustify
	}
	return def
}
