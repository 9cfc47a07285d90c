package document

import (
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// dots stands where a form is to be filled and nothing is known.
const dots = "…………"

func orDots(s string) string {
	if strings.TrimSpace(s) == "" {
		return dots
	}
	return s
}

// national draws the head of an official paper: the issuing body at the left,
// Quốc hiệu and Tiêu ngữ at the right, number and date below (NĐ 30/2020, Phụ lục
// I, mục II.1-4). number "" leaves the number out, dated false the place and date.
func (s *sheet) national(a Agency, number string, at time.Time, dated bool) {
	total := s.right - s.left
	lw := total * 0.43
	// The right half needs 84 mm for the Quốc hiệu in bold 12; it may reach into the margin of narrow sheets.
	rw := total - lw
	rx := s.left + lw
	top := s.y
	size := s.size - 1
	left := box{x: s.left - 5, w: lw + 3, align: alignCenter, lead: 1.15, fixed: true}
	if a.Parent != "" {
		s.balanced(left, run{text: fold.Upper(a.Parent), size: size})
	}
	if a.Unit == "" {
		s.balanced(left, run{text: fold.Upper(a.Name), style: bold, size: size})
	} else {
		s.balanced(left, run{text: fold.Upper(a.Name), size: size})
		s.balanced(left, run{text: fold.Upper(a.Unit), style: bold, size: size})
	}
	s.rule(left.x+left.w*0.34, s.y+1.2, left.w*0.32)
	leftEnd := s.y + 2.8

	s.y = top
	right := box{x: rx, w: rw, align: alignCenter, lead: 1.15, fixed: true}
	motto := run{text: "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", style: bold, size: size}
	for s.textWidth(motto) > rw+2 {
		motto.size -= 0.25
	}
	s.para(right, motto)
	wish := run{text: "Độc lập - Tự do - Hạnh phúc", style: bold, size: size + 1}
	s.para(right, wish)
	w := s.textWidth(wish)
	s.rule(rx+(rw-w)/2, s.y+1.2, w)
	s.y = max(leftEnd, s.y+2.8)

	row := s.y
	if number != "" {
		s.para(left, run{text: "Số: " + number, size: size + 1})
	}
	below := s.y
	s.y = row
	if dated {
		s.para(right, run{text: orDots(a.Place) + ", " + civil.DateOf(at).Printed("vi"), style: italic, size: size + 1})
	}
	s.y = max(below, s.y)
}

// balanced draws a centred text whose lines are of about equal width: a head of
// paper does not leave one word alone on its line.
func (s *sheet) balanced(b box, rn run) {
	lines := len(s.breakLines(b, []run{rn}))
	if lines > 1 {
		low, high := b.w/4, b.w
		for high-low > 1 {
			mid := (low + high) / 2
			narrow := b
			narrow.w = mid
			if len(s.breakLines(narrow, []run{rn})) > lines {
				low = mid
			} else {
				high = mid
			}
		}
		b.x += (b.w - high) / 2
		b.w = high
	}
	s.para(b, rn)
}

// title draws the name of the paper, centred, and what it is about below.
func (s *sheet) title(name, about string) {
	s.gap(3)
	s.para(box{align: alignCenter, lead: 1.2}, run{text: fold.Upper(name), style: bold, size: s.size + 1})
	if about != "" {
		s.para(box{align: alignCenter, lead: 1.2}, run{text: about, style: bold})
	}
	s.gap(2.5)
}

// item draws "label: value" with the value in bold, as filled-in forms look.
func (s *sheet) item(label, value string) {
	s.para(box{lead: 1.3}, r(label+": "), r(orDots(value)))
}

// items draws several label-value pairs on one line, sharing its width.
func (s *sheet) items(pairs ...[2]string) {
	total := s.right - s.left
	w := total / float64(len(pairs))
	h := 0.0
	for _, p := range pairs {
		h = max(h, s.height(box{w: w, lead: 1.3}, r(p[0]+": "), r(orDots(p[1]))))
	}
	s.ensure(h)
	top, end := s.y, s.y
	for i, p := range pairs {
		s.y = top
		s.para(box{x: s.left + w*float64(i), w: w, lead: 1.3, fixed: true}, r(p[0]+": "), r(orDots(p[1])))
		end = max(end, s.y)
	}
	s.y = end
}

// body draws a justified paragraph with the first line set in (NĐ 30/2020: 10 mm).
func (s *sheet) body(runs ...run) {
	s.para(box{align: alignJustify, indent: 10, lead: 1.3, after: 1.2}, runs...)
}

// column of a table.
type column struct {
	title string
	w     float64 // share of the width
	align align
}

// table draws a ruled table; its head is repeated on every page.
func (s *sheet) table(size float64, cols []column, rows [][]string) {
	total := 0.0
	for _, c := range cols {
		total += c.w
	}
	width := s.right - s.left
	ws := make([]float64, len(cols))
	for i, c := range cols {
		ws[i] = width * c.w / total
	}
	const pad = 1.2
	rowOf := func(style string, cells []string, head bool) {
		h := 0.0
		boxes := make([]box, len(cols))
		runs := make([]run, len(cols))
		for i := range cols {
			boxes[i] = box{w: ws[i] - 2*pad, lead: 1.15, align: cols[i].align, fixed: true}
			if head {
				boxes[i].align = alignCenter
			}
			if i < len(cells) {
				runs[i] = run{text: cells[i], style: style, size: size}
			} else {
				runs[i] = run{size: size}
			}
			h = max(h, s.height(boxes[i], runs[i]))
		}
		h += 2 * pad
		if s.y+h > s.bottom && !head {
			s.newPage()
		}
		top, x := s.y, s.left
		s.pdf.SetLineWidth(0.2)
		for i := range cols {
			s.pdf.Rect(x, top, ws[i], h, "D")
			boxes[i].x = x + pad
			s.y = top + pad
			if head {
				s.y = top + (h-s.height(boxes[i], runs[i]))/2
			}
			s.para(boxes[i], runs[i])
			x += ws[i]
		}
		s.y = top + h
	}
	titles := make([]string, len(cols))
	for i, c := range cols {
		titles[i] = c.title
	}
	drawHead := func() { rowOf(bold, titles, true) }
	s.ensure(20)
	drawHead()
	was := s.onNewPage
	s.onNewPage = drawHead
	for _, row := range rows {
		rowOf(plain, row, false)
	}
	s.onNewPage = was
}

// signature is one column of the signatures.
type signature struct {
	authority string // "TM. ỦY BAN NHÂN DÂN"
	title     string
	how       string // "(Ký và ghi rõ họ tên)"
	name      string
	stamp     string // in place of a written signature: "Đã nộp trực tuyến …"
}

// signatures draws one or two columns: the left one may be absent.
func (s *sheet) signatures(left, right signature) {
	const h = 46
	s.ensure(h)
	s.gap(5)
	w := (s.right - s.left) / 2
	top := s.y
	end := top
	for i, sig := range []signature{left, right} {
		if sig == (signature{}) {
			continue
		}
		b := box{x: s.left + w*float64(i), w: w, align: alignCenter, lead: 1.2, fixed: true}
		s.y = top
		if sig.authority != "" {
			s.para(b, rb(fold.Upper(sig.authority)))
		}
		if sig.title != "" {
			s.para(b, rb(fold.Upper(sig.title)))
		}
		if sig.how != "" {
			s.para(b, run{text: sig.how, style: italic, size: s.size - 1})
		}
		if sig.stamp != "" {
			s.gap(6)
			s.para(b, run{text: sig.stamp, style: italic, size: s.size - 2})
			s.y = max(s.y+4, top+24)
		} else {
			s.y = max(s.y+18, top+28)
		}
		if sig.name != "" {
			s.para(b, rb(sig.name))
		}
		end = max(end, s.y)
	}
	s.y = end
}

// checkLine draws the line at the foot by which a paper can be checked.
func (s *sheet) checkLine(code, where string) {
	if code == "" {
		return
	}
	keep := s.y
	s.y = s.h - 14
	text := "Mã kiểm tra: " + spaced(code)
	if where != "" {
		text += " · Kiểm tra tại " + where
	}
	s.para(box{x: s.left, w: s.right - s.left, align: alignCenter, fixed: true}, run{text: text, style: italic, size: 8})
	s.y = keep
}

// spaced breaks a code into fours, as people read it aloud.
func spaced(code string) string {
	var b strings.Builder
	for i, c := range code {
		if i > 0 && i%4 == 0 {
			b.WriteByte('-')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// moment writes "08 giờ 05 phút, ngày 22 tháng 11 năm 2026".
func moment(t time.Time) string {
	if t.IsZero() {
		return "…… giờ …… phút, ngày …… tháng …… năm ………"
	}
	return civil.Printed(t, "vi")
}
