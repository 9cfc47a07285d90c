package ui

import (
	"context"
	"io"
	"slices"

	"github.com/a-h/templ"
)

// icons are our own line drawings on a 24×24 grid, drawn with round ends of
// width 1.75. Each value is what stands between <svg> and </svg>.
func icons() map[string]string {
	const circle = `<circle cx="12" cy="12" r="9"/>`
	return map[string]string{
		"alert":         `<path d="M12 4 2.8 20h18.4z"/><path d="M12 10v4.5M12 17.3v.1"/>`,
		"archive":       `<path d="M3 4h18v5H3zM5 9v11h14V9M10 13h4"/>`,
		"arrow-down":    `<path d="M12 5v14M6 13l6 6 6-6"/>`,
		"arrow-left":    `<path d="M19 12H5M11 6l-6 6 6 6"/>`,
		"arrow-right":   `<path d="M5 12h14M13 6l6 6-6 6"/>`,
		"arrow-up":      `<path d="M12 19V5M6 11l6-6 6 6"/>`,
		"baby":          circle + `<path d="M9 10.5v.1M15 10.5v.1M9 15c1.8 1.6 4.2 1.6 6 0M12 3c-1.6 1-1.6 3 0 3.6"/>`,
		"bank":          `<path d="M3 9.5 12 4l9 5.5zM5 10v8M10 10v8M14 10v8M19 10v8M3 20h18"/>`,
		"bell":          `<path d="M6 16v-5.5a6 6 0 0 1 12 0V16l2 2H4zM10 21h4"/>`,
		"briefcase":     `<path d="M3 8h18v12H3zM9 8V5h6v3M3 13h18"/>`,
		"building":      `<path d="M5 21V4h9v17M14 9h5v12M3 21h18M8 8h3M8 12h3M8 16h3"/>`,
		"calendar":      `<path d="M4 6h16v15H4zM4 10.5h16M8 3v4M16 3v4"/>`,
		"camera":        `<path d="M3 8h4l2-3h6l2 3h4v12H3z"/><circle cx="12" cy="13.5" r="3.5"/>`,
		"car":           `<path d="M4 17v-5l2-5h12l2 5v5zM4 12h16M6 17v2M18 17v2M7.5 14.6v.1M16.5 14.6v.1"/>`,
		"card":          `<path d="M3 5h18v14H3z"/><circle cx="8.5" cy="11" r="2"/><path d="M5.5 16c.6-1.9 5.4-1.9 6 0M14.5 10h4M14.5 14h4"/>`,
		"chart":         `<path d="M4 4v16h16M8 16v-4M12.5 16V8M17 16v-6"/>`,
		"check":         `<path d="m5 12.5 4.5 4.5L19 7.5"/>`,
		"check-circle":  circle + `<path d="m8 12.3 2.8 2.8L16 9.5"/>`,
		"chevron-down":  `<path d="m6 9.5 6 6 6-6"/>`,
		"chevron-right": `<path d="m9.5 6 6 6-6 6"/>`,
		"clock":         circle + `<path d="M12 7v5.2l3.4 2"/>`,
		"coins":         `<ellipse cx="12" cy="6.5" rx="7" ry="3"/><path d="M5 6.5v5.5c0 1.7 3.1 3 7 3s7-1.3 7-3V6.5M5 12v5.5c0 1.7 3.1 3 7 3s7-1.3 7-3V12"/>`,
		"copy":          `<path d="M9 9h11v11H9zM5 15H4V4h11v1"/>`,
		"download":      `<path d="M12 4v11M7 10.5l5 5 5-5M4 20h16"/>`,
		"edit":          `<path d="M4 20h4L19.5 8.5l-4-4L4 16zM13 7l4 4"/>`,
		"external":      `<path d="M14 4h6v6M20 4l-9 9M18 14v6H4V6h6"/>`,
		"eye":           `<path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12z"/><circle cx="12" cy="12" r="2.8"/>`,
		"file":          `<path d="M6 3h8l5 5v13H6zM14 3v5h5M9 13h7M9 17h5"/>`,
		"flag":          `<path d="M5 21V4M5 5c4-2.5 9 2.5 14 0v9c-5 2.5-10-2.5-14 0"/>`,
		"folder":        `<path d="M3 6h6l2 2.5h10V19H3z"/>`,
		"globe":         circle + `<path d="M3 12h18M12 3c-5 5.5-5 12.5 0 18M12 3c5 5.5 5 12.5 0 18"/>`,
		"heart":         `<path d="M12 20S3.5 15 3.5 9.2A4.7 4.7 0 0 1 12 6.5a4.7 4.7 0 0 1 8.5 2.7C20.5 15 12 20 12 20z"/>`,
		"health":        `<path d="M9 4h6v5h5v6h-5v5H9v-5H4V9h5z"/>`,
		"home":          `<path d="M4 11.5 12 4l8 7.5M6 10v10h12V10M10 20v-6h4v6"/>`,
		"inbox":         `<path d="M3 13 6 5h12l3 8v6H3zM3 13h5.5c.5 3 6.5 3 7 0H21"/>`,
		"info":          circle + `<path d="M12 11v5.5M12 7.6v.1"/>`,
		"key":           `<circle cx="8" cy="15" r="4"/><path d="m11 12 9-9M16 7l3 3"/>`,
		"keyboard":      `<path d="M2.5 6h19v12h-19zM6 10h.1M10 10h.1M14 10h.1M18 10h.1M7 14h10"/>`,
		"land":          `<path d="M3 18c4-5 6-5 9-1.5s5 3 9-1.5M3 21h18M14 4l-3 7h6z"/>`,
		"list":          `<path d="M9 6h12M9 12h12M9 18h12M4 6h.1M4 12h.1M4 18h.1"/>`,
		"lock":          `<path d="M5 11h14v10H5zM8 11V8a4 4 0 0 1 8 0v3M12 15v2"/>`,
		"log-out":       `<path d="M14 4H5v16h9M10 12h11M17 8l4 4-4 4"/>`,
		"mail":          `<path d="M3 5h18v14H3zM3 6l9 7.5L21 6"/>`,
		"map-pin":       `<path d="M12 21.5S5 15 5 10a7 7 0 0 1 14 0c0 5-7 11.5-7 11.5z"/><circle cx="12" cy="10" r="2.5"/>`,
		"menu":          `<path d="M4 6.5h16M4 12h16M4 17.5h16"/>`,
		"message":       `<path d="M4 4h16v12h-9l-5 4.5V16H4z"/>`,
		"minus":         `<path d="M5 12h14"/>`,
		"pause":         circle + `<path d="M10 9v6M14 9v6"/>`,
		"phone":         `<path d="M5 3.5h4l2 5-2.5 2c1 2.3 2.7 4 5 5l2-2.5 5 2v4c-8 2.5-18-7.5-15.5-15.5z"/>`,
		"play":          circle + `<path d="M10 8.5v7l5.5-3.5z"/>`,
		"plus":          `<path d="M12 5v14M5 12h14"/>`,
		"print":         `<path d="M7 9V3.5h10V9M7 17H3.5V9h17v8H17M7 14h10v6.5H7z"/>`,
		"qr":            `<path d="M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.5v2.5H14zM19.9 14h.1M14 19.9h.1M17.5 17.5H20V20h-2.5z"/>`,
		"refresh":       `<path d="M20 11a8 8 0 0 0-14.5-3.5L4 9M4 4v5h5M4 13a8 8 0 0 0 14.5 3.5L20 15M20 20v-5h-5"/>`,
		"ring":          `<circle cx="9" cy="14.5" r="5.5"/><circle cx="15" cy="14.5" r="5.5"/><path d="m7 6 2-2.5L11 6 9 9z"/>`,
		"scale":         `<path d="M12 4v16M7 20h10M5 7h14M5 7l-2.5 6h5zM19 7l-2.5 6h5z"/>`,
		"scan":          `<path d="M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16"/>`,
		"school":        `<path d="M2.5 9.5 12 5l9.5 4.5L12 14zM6.5 12v5c3 2.5 8 2.5 11 0v-5M21.5 9.5V15"/>`,
		"search":        `<circle cx="11" cy="11" r="6.5"/><path d="m16 16 4.5 4.5"/>`,
		"send":          `<path d="M21 3 3 10.5l7 3.5 3.5 7zM10 14 21 3"/>`,
		"settings":      `<path d="M4 7h9M18 7h2M4 17h2M11 17h9"/><circle cx="15.5" cy="7" r="2.5"/><circle cx="8.5" cy="17" r="2.5"/>`,
		"shield":        `<path d="M12 3 5 6v5.5c0 4.5 3 7.5 7 9.5 4-2 7-5 7-9.5V6zM9 11.8l2.2 2.2 4-4.2"/>`,
		"sign":          `<path d="M3 20h18M5 16c2-6 5-12 7.5-12 3 0-2 12-4 12 3-5 5-6 5.5-5 .6 1.2-1 4 1 4 1.5 0 2-2 4-2"/>`,
		"sort":          `<path d="m8 10 4-4 4 4M8 14l4 4 4-4"/>`,
		"stamp":         `<path d="M4 21h16M5 17h14v-3H14.5c-1.5-2 .5-4 .5-6.5a3 3 0 0 0-6 0C9 10 11 12 9.5 14H5z"/>`,
		"star":          `<path d="m12 3.5 2.7 5.6 6.1.8-4.5 4.2 1.1 6.1L12 17.2l-5.4 3 1.1-6.1L3.2 9.9l6.1-.8z"/>`,
		"trash":         `<path d="M4 6.5h16M9 6.5V4h6v2.5M6.5 6.5 7.5 21h9l1-14.5M10.5 11v6M13.5 11v6"/>`,
		"upload":        `<path d="M12 20V9M7 13.5l5-5 5 5M4 4h16"/>`,
		"user":          `<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5c1-8 14-8 15 0"/>`,
		"users":         `<circle cx="9" cy="8.5" r="3.5"/><path d="M2.5 20c.8-7 12.2-7 13 0M16 5.2a3.5 3.5 0 0 1 0 6.6M18 14.5c2 .8 3.3 2.6 3.5 5.5"/>`,
		"video":         `<path d="M3 6h12v12H3zM15 10.5l6-3.5v10l-6-3.5z"/>`,
		"x":             `<path d="m6 6 12 12M18 6 6 18"/>`,
		"x-circle":      circle + `<path d="m9 9 6 6M15 9l-6 6"/>`,
	}
}

// drawings is built once; it never changes.
var drawings = icons()

// Icons returns the names of every icon, sorted.
func Icons() []string {
	names := make([]string, 0, len(drawings))
	for n := range drawings {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

// Icon draws an icon beside words that say the same; screen readers skip it. An
// unknown name draws nothing.
func Icon(name string) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		d, ok := drawings[name]
		if !ok {
			return nil
		}
		_, err := io.WriteString(w, `<svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">`+d+`</svg>`)
		return err
	})
}
