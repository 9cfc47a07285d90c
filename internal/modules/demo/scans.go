package demo

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"motcua/internal/core/document"
	"motcua/internal/core/procedure"
	"motcua/internal/platform/fold"
)

// scans are the papers that people of the demo hand in as files. Each is drawn once;
// whoever hands it in owns a file of their own over the same bytes.
type scans struct {
	d     *Demo
	drawn map[string]scan   // by what the paper is
	owned map[string]string // owner and paper → file
}

type scan struct {
	name string
	data []byte
}

func (d *Demo) newScans() *scans {
	return &scans{d: d, drawn: map[string]scan{}, owned: map[string]string{}}
}

// of returns a file of an owner that shows a paper of a procedure.
func (s *scans) of(ctx context.Context, owner string, c procedure.Component) (string, error) {
	what := c.Name.VI + "\x00" + strings.Join(c.FileTypes(), " ")
	key := owner + "\x00" + what
	if id, ok := s.owned[key]; ok {
		return id, nil
	}
	drawn, ok := s.drawn[what]
	if !ok {
		var err error
		if drawn, err = draw(c); err != nil {
			return "", err
		}
		s.drawn[what] = drawn
	}
	f, err := s.d.Files.SaveOnce(ctx, drawn.name, owner, "demo:"+what, bytes.NewReader(drawn.data))
	if err != nil {
		return "", fmt.Errorf("sample paper %s: %w", drawn.name, err)
	}
	s.owned[key] = f.ID
	return f.ID, nil
}

// draw makes the sample of a paper, in a type that the component accepts.
func draw(c procedure.Component) (scan, error) {
	types := c.FileTypes()
	short, _, _ := strings.Cut(c.Name.VI, ",")
	words := strings.Fields(strings.ToLower(fold.ASCII(short)))
	name := strings.Join(words[:min(len(words), 7)], "-")
	var b bytes.Buffer
	var err error
	switch {
	case slices.Contains(types, "pdf"):
		err = drawPaper(&b, short)
		name += ".pdf"
	case slices.Contains(types, "jpeg"):
		err = jpeg.Encode(&b, portrait(), &jpeg.Options{Quality: 82})
		name += ".jpg"
	default:
		err = png.Encode(&b, portrait())
		name += ".png"
	}
	return scan{name: name, data: b.Bytes()}, err
}

// drawPaper sets a page that says what it stands for, and that it is worth nothing.
func drawPaper(b *bytes.Buffer, title string) error {
	face, err := document.Typeface()
	if err != nil {
		return err
	}
	at := founded.Start()
	pdf := fpdf.New("P", "mm", "A4", "")
	pdf.SetCatalogSort(true)
	pdf.SetCreationDate(at)
	pdf.SetModificationDate(at)
	pdf.SetTitle(title, true)
	pdf.SetLang("vi-VN")
	pdf.AddUTF8FontFromBytes("face", "", face)
	pdf.AddPage()
	line := func(size, y float64, text string) {
		pdf.SetFont("face", "", size)
		pdf.SetXY(20, y)
		pdf.MultiCell(170, size*0.5, text, "", "C", false)
	}
	line(12, 25, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM\nĐộc lập – Tự do – Hạnh phúc")
	pdf.SetDrawColor(120, 120, 120)
	pdf.Line(80, 39, 130, 39)
	line(18, 55, fold.Upper(title))
	for i := range 14 {
		y := 90 + float64(i)*9
		pdf.Line(30, y, 180-float64(i*7%45), y)
	}
	pdf.SetTextColor(170, 40, 40)
	line(14, 235, "BẢN MẪU ĐỂ TRÌNH DIỄN – KHÔNG CÓ GIÁ TRỊ PHÁP LÝ")
	return pdf.Output(b)
}

// portrait is the picture of nobody: head and shoulders before a white wall, 4 by 6.
func portrait() image.Image {
	const w, h = 320, 480
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	wall, skin, coat := color.RGBA{246, 246, 244, 255}, color.RGBA{214, 188, 166, 255}, color.RGBA{58, 74, 98, 255}
	inside := func(x, y, cx, cy, rx, ry float64) bool {
		dx, dy := (x-cx)/rx, (y-cy)/ry
		return dx*dx+dy*dy <= 1
	}
	for y := range h {
		for x := range w {
			c, fx, fy := wall, float64(x), float64(y)
			switch {
			case inside(fx, fy, 160, 190, 74, 96):
				c = skin
			case inside(fx, fy, 160, 480, 150, 175), inside(fx, fy, 160, 300, 38, 60):
				c = coat
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}
