package ui

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/a-h/templ"
	"github.com/boombuler/barcode/qr"
)

// QR draws text as a QR code, one SVG path, black on white with the quiet zone that
// readers need. label says what it opens. Error correction M survives a
// crease in the paper.
func QR(text, label string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		code, err := qr.Encode(text, qr.M, qr.Auto)
		if err != nil {
			return fmt.Errorf("draw QR code: %w", err)
		}
		const quiet = 4
		b := code.Bounds()
		var path strings.Builder
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; {
				run := 0
				for x+run < b.Max.X {
					if r, _, _, _ := code.At(x+run, y).RGBA(); r != 0 {
						break
					}
					run++
				}
				if run > 0 {
					fmt.Fprintf(&path, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, run, run)
					x += run
				} else {
					x++
				}
			}
		}
		size := b.Dx() + 2*quiet
		_, err = fmt.Fprintf(w, `<svg class="qr" role="img" aria-label="%s" viewBox="0 0 %d %d" shape-rendering="crispEdges"><path fill="#fff" d="M0 0h%dv%dH0z"/><path d="%s"/></svg>`,
			templ.EscapeString(label), size, size, size, size, path.String())
		return err
	})
}
