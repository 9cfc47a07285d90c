package document

import (
	"github.com/boombuler/barcode/qr"
)

// qrCode draws text as a QR code of w mm whose upper left corner is at x, y. It is
// drawn with lines, not pixels: sharp at any size and a few kilobytes only.
func (s *sheet) qrCode(x, y, w float64, text string) error {
	code, err := qr.Encode(text, qr.M, qr.Unicode)
	if err != nil {
		return err
	}
	n := code.Bounds().Dx()
	cell := w / float64(n)
	s.pdf.SetFillColor(0, 0, 0)
	for row := range n {
		for col := 0; col < n; {
			if !dark(code.At(col, row).RGBA()) {
				col++
				continue
			}
			from := col
			for col < n && dark(code.At(col, row).RGBA()) {
				col++
			}
			// A hair of overlap keeps viewers from showing white seams between rows.
			s.pdf.Rect(x+float64(from)*cell, y+float64(row)*cell, float64(col-from)*cell, cell*1.02, "F")
		}
	}
	return nil
}

func dark(red, _, _, _ uint32) bool { return red < 0x8000 }
