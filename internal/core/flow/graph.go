package flow

import (
	"slices"

	"motcua/internal/platform/i18n"
)

// graph is a flow as it is drawn: the steps that are reached, and between two of
// them at most one edge.
type graph struct {
	lanes []StageDef // stages in order; one without id when the flow has none
	nodes []*node
	edges []*edge
	byID  map[string]*node
}

type node struct {
	step     *step
	lane     int
	row, col int // in the grid of the whole drawing
	box      rect
}

// edge joins two nodes. both says that the dossier also comes back along it.
type edge struct {
	from, to *node
	both     bool
	actions  []*action // those that lead along it; nil entries stand for "by itself"
	timer    int       // BPMN: the timer of the step that leads along it, from 1; 0 for people
	dashed   bool      // a return to earlier work only
	points   []point
}

type point struct{ x, y int }

type rect struct{ x, y, w, h int }

// graphOf gathers what is drawn. Actions offered at every step (withdrawal,
// extension) would cover the drawing with lines and are left out, and with them an
// end that nothing else leads to.
func (f *Flow) graphOf() *graph {
	g := &graph{byID: map[string]*node{}}
	for _, s := range f.steps {
		n := &node{step: s}
		g.nodes = append(g.nodes, n)
		g.byID[s.ID] = n
	}
	for _, s := range f.steps {
		for _, a := range s.actions {
			if f.always(a) {
				continue
			}
			if n := g.byID[a.To]; n != nil && a.To != s.ID {
				g.join(s.ID, a.To, a)
			}
		}
		if n := g.byID[s.To]; n != nil {
			g.join(s.ID, s.To, nil)
		}
	}
	g.comeBack(f)
	g.mergeReturns()
	g.prune(f)
	g.place(f)
	return g
}

func (f *Flow) always(a *action) bool {
	for i := range f.def.Always {
		if a.ActionDef == &f.def.Always[i] {
			return true
		}
	}
	return false
}

func (g *graph) find(from, to string) *edge {
	i := slices.IndexFunc(g.edges, func(e *edge) bool { return e.from.step.ID == from && e.to.step.ID == to })
	if i < 0 {
		return nil
	}
	return g.edges[i]
}

func (g *graph) join(from, to string, a *action) {
	e := g.find(from, to)
	if e == nil {
		e = &edge{from: g.byID[from], to: g.byID[to], dashed: true}
		g.edges = append(g.edges, e)
	}
	e.actions = append(e.actions, a)
	if a == nil || a.Effect != ReturnBack {
		e.dashed = false
	}
}

// comeBack marks the edges that @back and @previous return along.
func (g *graph) comeBack(f *Flow) {
	returns := map[string]bool{}
	for _, s := range f.steps {
		back := s.To == Back
		for _, a := range s.actions {
			back = back || a.To == Back
		}
		returns[s.ID] = back
	}
	for _, e := range g.edges {
		if returns[e.to.step.ID] && e.to.step.Kind != TaskStep {
			e.both = true
		}
	}
	for _, s := range f.steps {
		if !slices.ContainsFunc(s.actions, func(a *action) bool { return a.To == Previous }) {
			continue
		}
		for _, e := range g.edges {
			if e.to.step == s && e.from.step.Kind == TaskStep && !e.dashed {
				e.both = true
			}
		}
	}
}

// mergeReturns draws there and back as one line with two heads.
func (g *graph) mergeReturns() {
	g.edges = slices.DeleteFunc(g.edges, func(e *edge) bool {
		other := g.find(e.to.step.ID, e.from.step.ID)
		if other == nil || !e.dashed || other.dashed {
			return false
		}
		other.both = true
		return true
	})
	for _, e := range slices.Clone(g.edges) {
		other := g.find(e.to.step.ID, e.from.step.ID)
		if other != nil && slices.Contains(g.edges, e) {
			e.both = true
			e.actions = append(e.actions, other.actions...)
			g.edges = slices.DeleteFunc(g.edges, func(x *edge) bool { return x == other })
		}
	}
}

// prune leaves out what no line leads to.
func (g *graph) prune(f *Flow) {
	g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool {
		if n.step == f.steps[0] || slices.ContainsFunc(g.edges, func(e *edge) bool { return e.to == n }) {
			return false
		}
		delete(g.byID, n.step.ID)
		return n.step.Kind == EndStep
	})
}

// perRow is how many steps stand side by side before a stage goes on in a new row.
const perRow = 5

// place gives every step its place in the grid: one band of rows for each stage, the
// tasks first, and under them, near the task that leads there, waits, questions to
// others and ends.
func (g *graph) place(f *Flow) {
	g.lanes = f.stages
	if len(g.lanes) == 0 {
		g.lanes = []StageDef{{Name: i18n.Text{}}}
	}
	row := 0
	used := g.lanes[:0:0]
	for _, lane := range g.lanes {
		var main, side []*node
		for _, n := range g.nodes {
			if n.step.Stage != lane.ID {
				continue
			}
			n.lane = len(used)
			if n.step.Kind == TaskStep || n.step.Kind == EndStep && Status(n.step.Status) == StatusReturned {
				main = append(main, n)
			} else {
				side = append(side, n)
			}
		}
		if len(main)+len(side) == 0 {
			continue
		}
		used = append(used, lane)
		for i, n := range main {
			n.row, n.col = row+i/perRow, i%perRow
		}
		if len(main) > 0 {
			row += (len(main)-1)/perRow + 1
		}
		row += g.placeSide(side, row)
	}
	g.lanes = used
}

// placeSide puts side steps into rows from the given one and returns how many it took.
func (g *graph) placeSide(side []*node, row int) int {
	taken := map[[2]int]bool{}
	rows := 0
	for _, n := range side {
		wish := 0
		for _, e := range g.edges {
			if e.to == n && e.from.lane == n.lane && e.from.step.Kind == TaskStep {
				wish = e.from.col
				break
			}
		}
		r, c := 0, wish
		for taken[[2]int{r, c}] {
			if c++; c%perRow == 0 {
				c = 0
			}
			if c == wish {
				r++
			}
		}
		taken[[2]int{r, c}] = true
		n.row, n.col = row+r, c
		rows = max(rows, r+1)
	}
	return rows
}

// successors are the steps the dossier may go to next from a step, by the buttons of
// people first.
func (f *Flow) successors(s *step, run Run) []string {
	var out []string
	add := func(to string) {
		switch {
		case to == Back && len(run.Back) > 0:
			to = run.Back[len(run.Back)-1]
		case to == Previous && len(run.Trail) > 0:
			to = run.Trail[len(run.Trail)-1]
		}
		if f.byID[to] != nil && to != s.ID && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	for _, a := range s.actions {
		if !f.always(a) && a.Effect != ReturnBack {
			add(a.To)
		}
	}
	add(s.To)
	return out
}
