package flow

import (
	"cmp"
	"slices"
)

// sizes of a drawing, in its own units.
type sizes struct {
	box      point // width and height of a step
	head     int   // width of the column with the names of the stages
	gap      int   // least space between columns and rows
	track    int   // space between lines that run side by side
	pad      int   // space inside a stage above its first and below its last row
	gateways int   // space right of a step for the gateway of a BPMN diagram, 0 without
}

// layout is a grid of steps with lines in the gutters between them: every line runs
// horizontally in a gutter between two rows or vertically in one between two columns,
// each on a track of its own, so that no line crosses a step or lies on another.
type layout struct {
	sizes
	*graph
	rows, cols int
	routes     []*route
	vertical   [][]*run1 // by column gutter: gutter k is left of column k
	horizontal [][]*run1 // by row gutter: gutter k is above row k
	colX       []int     // left of the boxes of each column
	gutterX    []int     // left of the tracks of each column gutter
	rowY       []int     // top of the boxes of each row
	gutterY    []int
	width      int
	height     int
	bands      []rect // one for each lane
}

// route is the way of one edge.
type route struct {
	*edge
	straight  bool // to the right neighbour, directly
	g1, g2    int  // row gutters next to the start and next to the end
	start     *port
	end       *port
	first     *run1 // along the gutter next to the start
	crossing  *run1 // down or up through the rows between
	second    *run1 // along the gutter next to the end
	fromRight bool  // starts at the gateway right of the step
}

// port is one end of a line at the top or bottom of a step.
type port struct {
	node *node
	top  bool
	x    int
	toX  int // where its line goes, to order the ports of a side
}

// run1 is a straight piece of a line in a gutter.
type run1 struct {
	from, to int // extent along the gutter
	track    int
}

func (g *graph) layOut(s sizes) *layout {
	l := &layout{sizes: s, graph: g}
	for _, n := range g.nodes {
		l.rows, l.cols = max(l.rows, n.row+1), max(l.cols, n.col+1)
	}
	l.vertical, l.horizontal = make([][]*run1, l.cols+1), make([][]*run1, l.rows+1)
	for _, e := range g.edges {
		l.routes = append(l.routes, l.route(e))
	}
	l.columns()
	l.ports()
	l.rowsDown()
	l.points()
	return l
}

// route chooses the way of an edge through the gutters; coordinates come later.
func (l *layout) route(e *edge) *route {
	r := &route{edge: e}
	a, b := e.from, e.to
	if a.row == b.row && b.col == a.col+1 && e.timer == 0 && !l.second(e) {
		r.straight = true
		return r
	}
	down, up := b.row > a.row, b.row < a.row
	r.start, r.end = &port{node: a, top: !down}, &port{node: b, top: !up}
	r.g1, r.g2 = a.row, b.row
	if down {
		r.g1++
	}
	if up {
		r.g2++
	}
	if e.timer > 0 { // leaves at the bottom, wherever it goes
		r.start.top, r.g1 = false, a.row+1
		if !down {
			r.end.top, r.g2 = false, b.row+1
		}
	}
	r.first = l.horizontalRun(r.g1)
	if r.g1 != r.g2 {
		r.crossing = &run1{from: min(r.g1, r.g2), to: max(r.g1, r.g2)}
		l.vertical[b.col] = append(l.vertical[b.col], r.crossing)
		r.second = l.horizontalRun(r.g2)
	}
	return r
}

// second reports whether another edge already takes the straight way.
func (l *layout) second(e *edge) bool {
	return slices.ContainsFunc(l.routes, func(r *route) bool {
		return r.straight && (r.from == e.from && r.to == e.to || r.from == e.to && r.to == e.from)
	})
}

func (l *layout) horizontalRun(gutter int) *run1 {
	r := &run1{}
	l.horizontal[gutter] = append(l.horizontal[gutter], r)
	return r
}

// tracks gives pieces that overlap different tracks and returns how many there are.
func tracks(runs []*run1, apart int) int {
	sorted := slices.Clone(runs)
	slices.SortStableFunc(sorted, func(a, b *run1) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	var ends []int
	for _, r := range sorted {
		r.track = -1
		for i, end := range ends {
			if end+apart <= r.from {
				r.track, ends[i] = i, r.to
				break
			}
		}
		if r.track < 0 {
			r.track = len(ends)
			ends = append(ends, r.to)
		}
	}
	return len(ends)
}

// columns finds the x of everything: gutters are as wide as their tracks need.
func (l *layout) columns() {
	x := l.head
	for k := range l.cols + 1 {
		n := tracks(l.vertical[k], 1) // two that meet in one gutter of rows would overlap there
		if k > 0 {
			x += l.gateways
		}
		l.gutterX = append(l.gutterX, x+l.gap/2)
		x += l.gap + n*l.track
		if k < l.cols {
			l.colX = append(l.colX, x)
			x += l.box.x
		}
	}
	l.width = x
	for _, n := range l.nodes {
		n.box = rect{x: l.colX[n.col], w: l.box.x, h: l.box.y}
	}
}

func (r *run1) at(start, track int) int { return start + r.track*track + track/2 }

// ports spreads the ends of lines along the sides of the steps.
func (l *layout) ports() {
	type side struct {
		node *node
		top  bool
	}
	sides := map[side][]*port{}
	for _, r := range l.routes {
		if r.straight {
			continue
		}
		middle := func(n *node) int { return n.box.x + n.box.w/2 }
		r.start.toX, r.end.toX = middle(r.to), middle(r.from)
		if r.crossing != nil {
			x := r.crossing.at(l.gutterX[r.to.col], l.track)
			r.start.toX, r.end.toX = x, x
		}
		sides[side{r.end.node, r.end.top}] = append(sides[side{r.end.node, r.end.top}], r.end)
		if l.gateways > 0 {
			r.start.x = r.from.box.x + r.from.box.w + l.gateways/2
			switch { // lines that go up and lines that go down from gateways of one column stay apart
			case r.timer > 0:
				r.start.x = r.from.box.x + timerX(r.timer) + eventSize/2
			case r.start.top:
				r.start.x += gatewayStub
			default:
				r.start.x -= gatewayStub
			}
			r.fromRight = r.timer == 0
			continue
		}
		sides[side{r.start.node, r.start.top}] = append(sides[side{r.start.node, r.start.top}], r.start)
	}
	for s, ports := range sides {
		slices.SortStableFunc(ports, func(a, b *port) int { return cmp.Compare(a.toX, b.toX) })
		for i, p := range ports {
			room := 0 // left of it sit the timers of a BPMN diagram
			if l.gateways > 0 && !s.top && len(s.node.step.Timers) > 0 {
				room = timerX(len(s.node.step.Timers)) + eventSize
			}
			p.x = s.node.box.x + room + slot(s.node.box.w-room, i, len(ports), s.top)
		}
	}
}

// slot is where the i-th of n lines meets a side of width w. Lines at the top meet it
// on other places than lines at the bottom, so that two lines that come from above
// and below into one gutter never lie on each other.
func slot(w, i, n int, top bool) int {
	const pitch = 20
	x := w * (i + 1) / (n + 1) / pitch * pitch
	if top {
		x += pitch / 2
	}
	return min(max(x, pitch/2), w-pitch/2)
}

// rowsDown finds the y of everything: the tracks of a gutter need the x of the lines
// in it.
func (l *layout) rowsDown() {
	for _, r := range l.routes {
		if r.straight {
			continue
		}
		turn := r.end.x
		if r.crossing != nil {
			turn = r.crossing.at(l.gutterX[r.to.col], l.track)
			r.second.from, r.second.to = min(turn, r.end.x), max(turn, r.end.x)
		}
		r.first.from, r.first.to = min(r.start.x, turn), max(r.start.x, turn)
	}
	laneOf := make([]int, l.rows)
	for i := range laneOf {
		laneOf[i] = -1
	}
	for _, n := range l.nodes {
		laneOf[n.row] = n.lane
	}
	y := 0
	for k := range l.rows + 1 {
		n := tracks(l.horizontal[k], l.track)
		space := l.gap + n*l.track
		newLane := k == 0 || k == l.rows || laneOf[k] != laneOf[k-1]
		if k > 0 && newLane { // the border of two stages runs below the tracks of the upper one
			l.gutterY = append(l.gutterY, y+l.gap/2)
			y += space
			band := &l.bands[len(l.bands)-1]
			band.h = y - band.y
			if k < l.rows {
				l.bands = append(l.bands, rect{y: y, w: l.width})
				y += l.pad
			}
		} else {
			if k == 0 {
				l.bands = append(l.bands, rect{w: l.width})
			}
			l.gutterY = append(l.gutterY, y+l.gap/2)
			y += space
		}
		if k < l.rows {
			l.rowY = append(l.rowY, y)
			y += l.box.y
		}
	}
	l.height = y
	for _, n := range l.nodes {
		n.box.y = l.rowY[n.row]
	}
}

// points writes the corners of every line.
func (l *layout) points() {
	for _, r := range l.routes {
		a, b := r.from.box, r.to.box
		if r.straight {
			start := a.x + a.w
			r.edge.points = []point{{start, a.y + a.h/2}, {b.x, b.y + b.h/2}}
			continue
		}
		y := func(p *port) int {
			if p.top {
				return p.node.box.y
			}
			return p.node.box.y + p.node.box.h
		}
		y1 := r.first.at(l.gutterY[r.g1], l.track)
		from := point{r.start.x, y(r.start)}
		if r.timer > 0 {
			from.y += eventSize / 2
		}
		if r.fromRight {
			from = point{r.start.x, a.y + a.h/2}
		}
		pts := []point{from, {r.start.x, y1}}
		if r.crossing != nil {
			x := r.crossing.at(l.gutterX[r.to.col], l.track)
			y2 := r.second.at(l.gutterY[r.g2], l.track)
			pts = append(pts, point{x, y1}, point{x, y2}, point{r.end.x, y2})
		} else {
			pts = append(pts, point{r.end.x, y1})
		}
		pts = append(pts, point{r.end.x, y(r.end)})
		r.edge.points = tidyLine(pts)
	}
}

// tidyLine drops points that change nothing.
func tidyLine(pts []point) []point {
	out := pts[:0:0]
	for i, p := range pts {
		if len(out) > 0 && out[len(out)-1] == p {
			continue
		}
		if i+1 < len(pts) && len(out) > 0 {
			q, n := out[len(out)-1], pts[i+1]
			if q.x == p.x && p.x == n.x && (p.y-q.y)*(n.y-p.y) >= 0 || q.y == p.y && p.y == n.y && (p.x-q.x)*(n.x-p.x) >= 0 {
				continue
			}
		}
		out = append(out, p)
	}
	return out
}
