package flow

import (
	"fmt"
	"html"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// SVG draws the flow as a picture for people: one band for each stage, steps as boxes
// with who does them and how long they have, lines where the dossier can go, with two
// heads where it also comes back. With a run, steps passed, the present one and those
// that can follow are marked by a sign and a word, not by colour alone. The picture
// carries a title and a description in words for those who cannot see it. It uses no
// style element and no script, so that it can stand in a page under a strict policy.
func SVG(f *Flow, run *Run, lang string) string {
	l := f.graphOf().layOut(sizes{box: point{196, 84}, head: 44, gap: 26, track: 8, pad: 6})
	d := drawing{flow: f, run: run, lang: lang}
	d.mark()
	p := func(format string, args ...any) { fmt.Fprintf(&d.b, format, args...) }
	id := "flow-" + f.def.ID
	p(`<svg xmlns="http://www.w3.org/2000/svg" class="flow-diagram" role="img" aria-labelledby="%s-title %s-desc" viewBox="0 0 %d %d" width="%d" height="%d" font-family="inherit" font-size="14">`,
		id, id, l.width, l.height, l.width, l.height)
	p(`<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, id, html.EscapeString(f.Name().Lang(lang)), id, html.EscapeString(d.describe()))
	p(`<defs><marker id="%s-head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0.5 8 4 0 7.5z" fill="#5d544c"/></marker></defs>`, id)
	d.bands(l)
	for _, n := range l.nodes {
		d.box(n)
	}
	for _, e := range l.edges {
		d.line(e, id)
	}
	d.b.WriteString("</svg>")
	return d.b.String()
}

// The colours of the house; every pair of text and ground has a contrast of 4.5:1 or more.
const (
	ink     = "#26211d"
	soft    = "#5d544c"
	rule    = "#857769"
	paper   = "#ffffff"
	bandA   = "#faf7f2"
	bandB   = "#f2ece2"
	lacquer = "#9d1b2a"
	tint    = "#fbefed"
	green   = "#1d6b3f"
	leaf    = "#eaf4ed"
)

type drawing struct {
	flow *Flow
	run  *Run
	lang string
	b    strings.Builder
	done map[string]bool
	next map[string]bool
}

func (d *drawing) mark() {
	d.done, d.next = map[string]bool{}, map[string]bool{}
	if d.run == nil {
		return
	}
	for _, id := range d.run.Trail {
		d.done[id] = true
	}
	for _, id := range d.run.Back {
		d.done[id] = true
	}
	if s := d.flow.byID[d.run.Step]; s != nil {
		for _, id := range d.flow.successors(s, *d.run) {
			if !d.done[id] {
				d.next[id] = true
			}
		}
	}
}

func (d *drawing) t(key string, kv ...any) string { return ownWords().T(d.lang, key, kv...) }

// state is the word for where a step stands in the run, "" for nothing to say.
func (d *drawing) state(id string) (sign, word string) {
	switch {
	case d.run == nil:
		return "", ""
	case d.run.Step == id:
		return "●", d.t("flow.svg.current")
	case d.done[id]:
		return "✓", d.t("flow.svg.done")
	case d.next[id]:
		return "→", d.t("flow.svg.next")
	default:
		return "", ""
	}
}

func (d *drawing) bands(l *layout) {
	for i, lane := range l.lanes {
		band, fill := l.bands[i], bandA
		if i%2 == 1 {
			fill = bandB
		}
		fmt.Fprintf(&d.b, `<rect x="0" y="%d" width="%d" height="%d" fill="%s"/>`, band.y, band.w, band.h, fill)
		lines := wrap(lane.Name.Lang(d.lang), max(8, band.h/8), 2)
		for k, line := range lines {
			fmt.Fprintf(&d.b, `<text transform="translate(%d %d) rotate(-90)" text-anchor="middle" fill="%s" font-weight="600">%s</text>`,
				26-8*(len(lines)-1)+17*k, band.y+band.h/2, soft, html.EscapeString(line))
		}
	}
}

func (d *drawing) line(e *edge, id string) {
	var path strings.Builder
	for i, p := range e.points {
		if i == 0 {
			fmt.Fprintf(&path, "M%d %d", p.x, p.y)
			continue
		}
		if i+1 < len(e.points) { // round the corner
			a, b := toward(p, e.points[i-1], 6), toward(p, e.points[i+1], 6)
			fmt.Fprintf(&path, "L%d %dQ%d %d %d %d", a.x, a.y, p.x, p.y, b.x, b.y)
			continue
		}
		fmt.Fprintf(&path, "L%d %d", p.x, p.y)
	}
	extra := ""
	if e.both {
		extra += fmt.Sprintf(` marker-start="url(#%s-head)"`, id)
	}
	if e.dashed {
		extra += ` stroke-dasharray="5 4"`
	}
	fmt.Fprintf(&d.b, `<path d="%s" fill="none" stroke="%s" stroke-width="1.5" marker-end="url(#%s-head)"%s><title>%s</title></path>`,
		path.String(), soft, id, extra, html.EscapeString(d.edgeWords(e)))
}

// toward is the point n units from p in the direction of q, at most half the way.
func toward(p, q point, n int) point {
	step := func(a, b int) int {
		switch {
		case b > a:
			return a + min(n, (b-a)/2)
		case b < a:
			return a - min(n, (a-b)/2)
		default:
			return a
		}
	}
	return point{step(p.x, q.x), step(p.y, q.y)}
}

func (d *drawing) edgeWords(e *edge) string {
	var names []string
	for _, a := range e.actions {
		if a != nil && !slices.Contains(names, a.Name.Lang(d.lang)) {
			names = append(names, a.Name.Lang(d.lang))
		}
	}
	arrow := " → "
	if e.both {
		arrow = " ⇄ "
	}
	out := e.from.step.Name.Lang(d.lang) + arrow + e.to.step.Name.Lang(d.lang)
	if len(names) > 0 {
		out += ": " + strings.Join(names, ", ")
	}
	return out
}

// box draws a step: round ends, sharp tasks, soft waits.
func (d *drawing) box(n *node) {
	s, r := n.step, n.box
	fill, stroke, width, dash := paper, rule, "1.5", ""
	sign, word := d.state(s.ID)
	switch {
	case d.run != nil && d.run.Step == s.ID:
		fill, stroke, width = tint, lacquer, "3"
	case d.done[s.ID]:
		fill, stroke = leaf, green
	case d.next[s.ID]:
		stroke, dash = lacquer, ` stroke-dasharray="6 4"`
	}
	radius := map[StepKind]int{TaskStep: 8, WaitStep: 20, EndStep: r.h / 2, OpinionsStep: 8, ChildStep: 8}[s.Kind]
	class := "flow-step flow-" + string(s.Kind)
	fmt.Fprintf(&d.b, `<g class="%s">`, class)
	if s.Kind == OpinionsStep || s.Kind == ChildStep { // several at once: a second sheet behind
		fmt.Fprintf(&d.b, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="%s" stroke="%s"/>`, r.x+5, r.y-5, r.w, r.h, radius, paper, rule)
	}
	fmt.Fprintf(&d.b, `<rect x="%d" y="%d" width="%d" height="%d" rx="%d" fill="%s" stroke="%s" stroke-width="%s"%s/>`, r.x, r.y, r.w, r.h, radius, fill, stroke, width, dash)
	lines := wrap(s.Name.Lang(d.lang), 25, 2)
	y := r.y + 24
	if len(lines) == 1 {
		y += 8
	}
	if s.Kind == EndStep || word == "" && d.who(s) == "" {
		y += 8
	}
	for _, line := range lines {
		fmt.Fprintf(&d.b, `<text x="%d" y="%d" text-anchor="middle" fill="%s" font-weight="600">%s</text>`, r.x+r.w/2, y, ink, html.EscapeString(line))
		y += 18
	}
	if who := d.who(s); who != "" {
		fmt.Fprintf(&d.b, `<text x="%d" y="%d" text-anchor="middle" fill="%s" font-size="12">%s</text>`, r.x+r.w/2, y, soft, html.EscapeString(cut(who, 30)))
	}
	if word != "" {
		fmt.Fprintf(&d.b, `<text x="%d" y="%d" text-anchor="middle" fill="%s" font-size="12" font-weight="600">%s %s</text>`,
			r.x+r.w/2, r.y+r.h-7, map[bool]string{true: green, false: lacquer}[sign == "✓"], sign, html.EscapeString(word))
	}
	fmt.Fprintf(&d.b, `<title>%s</title></g>`, html.EscapeString(d.stepWords(s)))
}

// who says who acts in a step and how long they have.
func (d *drawing) who(s *step) string {
	var parts []string
	switch s.Kind {
	case EndStep:
		return ""
	case WaitStep:
		parts = append(parts, d.t("flow.for."+s.For))
	case OpinionsStep:
		parts = append(parts, d.t("flow.svg.asked", "n", len(s.Ask)))
	case ChildStep:
		parts = append(parts, d.t("flow.svg.children", "n", len(s.Children)))
	default:
		if role := d.role(s.Role); role != "" {
			parts = append(parts, role)
		}
	}
	if s.Hours > 0 {
		parts = append(parts, d.t("flow.svg.hours", "n", s.Hours))
	}
	return strings.Join(parts, " · ")
}

// role names a shipped role; the roles of packs have no words here, and a code is
// never shown to a person.
func (d *drawing) role(id string) string {
	if key := "flow.role." + id; ownWords().Has(d.lang, key) {
		return d.t(key)
	}
	return ""
}

func (d *drawing) stepWords(s *step) string {
	out := s.Name.Lang(d.lang)
	if who := d.who(s); who != "" {
		out += " (" + who + ")"
	}
	if _, word := d.state(s.ID); word != "" {
		out += " – " + word
	}
	return out
}

// describe tells the flow in words: stage by stage, step by step, and where each
// leads.
func (d *drawing) describe() string {
	var out []string
	n := 0
	stage := "\x00"
	for _, s := range d.flow.steps {
		if s.added {
			continue
		}
		if s.Stage != stage {
			stage = s.Stage
			if name := d.flow.StageOf(s.ID).Name.Lang(d.lang); name != "" {
				out = append(out, name+":")
			}
		}
		n++
		line := strconv.Itoa(n) + ". " + d.stepWords(s)
		var to []string
		for _, id := range d.flow.successors(s, Run{}) {
			to = append(to, d.flow.byID[id].Name.Lang(d.lang))
		}
		if len(to) > 0 {
			line += ". " + d.t("flow.svg.leads", "to", strings.Join(to, "; "))
		}
		out = append(out, line+".")
	}
	return strings.Join(out, " ")
}

// wrap breaks a text into at most lines lines of about width characters.
func wrap(text string, width, lines int) []string {
	var out []string
	line := ""
	words := strings.Fields(text)
	for i, w := range words {
		joined := strings.TrimSpace(line + " " + w)
		if utf8.RuneCountInString(joined) <= width || line == "" {
			line = joined
			continue
		}
		if len(out) == lines-1 {
			line = strings.Join(append([]string{line}, words[i:]...), " ")
			break
		}
		out = append(out, line)
		line = w
	}
	return append(out, cut(line, width))
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	if utf8.RuneCountInString(s) <= n || n < 2 {
		return s
	}
	return strings.TrimSpace(string([]rune(s)[:n-1])) + "…"
}
