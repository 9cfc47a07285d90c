package flow

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"

	"motcua/internal/platform/i18n"
)

// BPMN exports the flow as a BPMN 2.0 document with its diagram, for any modeller that
// reads the standard. Tasks are user tasks, opinions are user tasks done by several at
// once, child dossiers are called processes, waits are receive tasks, timers are
// boundary events. Where people choose, an exclusive gateway stands after the step and
// its flows carry the names of the buttons; guards are conditions in CEL.
func BPMN(f *Flow) []byte {
	b := newBPMN(f)
	out, err := xml.MarshalIndent(b.document(), "", "  ")
	if err != nil {
		panic(err) // the document is made of strings and numbers only
	}
	return append([]byte(xml.Header), append(out, '\n')...)
}

// The parts of the document that are used, in the order the schema wants them.
type (
	bDefinitions struct {
		XMLName         xml.Name `xml:"bpmn:definitions"`
		BPMN            string   `xml:"xmlns:bpmn,attr"`
		DI              string   `xml:"xmlns:bpmndi,attr"`
		DC              string   `xml:"xmlns:dc,attr"`
		DDI             string   `xml:"xmlns:di,attr"`
		XSI             string   `xml:"xmlns:xsi,attr"`
		ID              string   `xml:"id,attr"`
		TargetNamespace string   `xml:"targetNamespace,attr"`
		Exporter        string   `xml:"exporter,attr"`
		Collaboration   bCollaboration
		Process         bProcess
		Diagram         bDiagram
	}
	bCollaboration struct {
		XMLName     xml.Name `xml:"bpmn:collaboration"`
		ID          string   `xml:"id,attr"`
		Participant struct {
			ID      string `xml:"id,attr"`
			Name    string `xml:"name,attr"`
			Process string `xml:"processRef,attr"`
		} `xml:"bpmn:participant"`
	}
	bProcess struct {
		XMLName    xml.Name `xml:"bpmn:process"`
		ID         string   `xml:"id,attr"`
		Name       string   `xml:"name,attr"`
		Executable bool     `xml:"isExecutable,attr"`
		Lanes      []bLane  `xml:"bpmn:laneSet>bpmn:lane,omitempty"`
		Nodes      []bNode
		Flows      []bFlow `xml:"bpmn:sequenceFlow"`
	}
	bLane struct {
		ID   string   `xml:"id,attr"`
		Name string   `xml:"name,attr"`
		Refs []string `xml:"bpmn:flowNodeRef"`
	}
	bNode struct {
		XMLName       xml.Name
		ID            string   `xml:"id,attr"`
		Name          string   `xml:"name,attr,omitempty"`
		AttachedTo    string   `xml:"attachedToRef,attr,omitempty"`
		Called        string   `xml:"calledElement,attr,omitempty"`
		Documentation string   `xml:"bpmn:documentation,omitempty"`
		In            []string `xml:"bpmn:incoming"`
		Out           []string `xml:"bpmn:outgoing"`
		Timer         *bTimer  `xml:"bpmn:timerEventDefinition"`
		Many          *bMany   `xml:"bpmn:multiInstanceLoopCharacteristics"`
	}
	bTimer struct {
		ID       string `xml:"id,attr"`
		Duration struct {
			Type string `xml:"xsi:type,attr"`
			Text string `xml:",chardata"`
		} `xml:"bpmn:timeDuration"`
	}
	bMany struct {
		Sequential  bool   `xml:"isSequential,attr"`
		Cardinality bExpr  `xml:"bpmn:loopCardinality"`
		Completion  *bExpr `xml:"bpmn:completionCondition"`
	}
	bExpr struct {
		Type     string `xml:"xsi:type,attr"`
		Language string `xml:"language,attr,omitempty"`
		Text     string `xml:",chardata"`
	}
	bFlow struct {
		ID        string `xml:"id,attr"`
		Name      string `xml:"name,attr,omitempty"`
		From      string `xml:"sourceRef,attr"`
		To        string `xml:"targetRef,attr"`
		Condition *bExpr `xml:"bpmn:conditionExpression"`
	}
	bDiagram struct {
		XMLName xml.Name `xml:"bpmndi:BPMNDiagram"`
		ID      string   `xml:"id,attr"`
		Plane   struct {
			ID      string `xml:"id,attr"`
			Element string `xml:"bpmnElement,attr"`
			Shapes  []bShape
			Edges   []bEdge
		} `xml:"bpmndi:BPMNPlane"`
	}
	bShape struct {
		XMLName    xml.Name `xml:"bpmndi:BPMNShape"`
		ID         string   `xml:"id,attr"`
		Element    string   `xml:"bpmnElement,attr"`
		Horizontal string   `xml:"isHorizontal,attr,omitempty"`
		Marker     string   `xml:"isMarkerVisible,attr,omitempty"`
		Bounds     struct {
			X int `xml:"x,attr"`
			Y int `xml:"y,attr"`
			W int `xml:"width,attr"`
			H int `xml:"height,attr"`
		} `xml:"dc:Bounds"`
	}
	bEdge struct {
		XMLName xml.Name `xml:"bpmndi:BPMNEdge"`
		ID      string   `xml:"id,attr"`
		Element string   `xml:"bpmnElement,attr"`
		Points  []bPoint `xml:"di:waypoint"`
	}
	bPoint struct {
		X int `xml:"x,attr"`
		Y int `xml:"y,attr"`
	}
)

// bpmn gathers the document of one flow.
type bpmn struct {
	flow   *Flow
	layout *layout
	doc    bDefinitions
	index  map[string]int // place of a node by its BPMN id
	lanes  map[string]int // lane of a node by its BPMN id
	count  int
}

const (
	eventSize   = 36
	gatewaySize = 34
)

func newBPMN(f *Flow) *bpmn {
	b := &bpmn{flow: f, index: map[string]int{}, lanes: map[string]int{}}
	b.layout = f.oneWay().layOut(sizes{box: point{160, 80}, head: 150, gap: 40, track: 14, pad: 10, gateways: gatewaySize + 24})
	return b
}

// gatewayStub is how far from the middle of a gateway lines leave it.
const gatewayStub = 7

// timerX is where on the lower border of a step its n-th timer sits, from 1.
func timerX(n int) int { return 10 + (n-1)*(eventSize+6) }

// oneWay is the graph as BPMN draws it: every return is written out, for there are no
// lines with two heads, and what a timer does starts at the timer.
func (f *Flow) oneWay() *graph {
	g := f.graphOf()
	for _, e := range slices.Clone(g.edges) {
		if e.both {
			back := &edge{from: e.to, to: e.from}
			for _, a := range e.to.step.actions {
				if a.To == Back || a.To == Previous || a.To == e.from.step.ID {
					back.actions = append(back.actions, a)
				}
			}
			if len(back.actions) == 0 || e.to.step.To == Back || e.to.step.To == e.from.step.ID {
				back.actions = append(back.actions, nil)
			}
			e.actions = slices.DeleteFunc(slices.Clone(e.actions), func(a *action) bool { return a != nil && !slices.Contains(e.from.step.actions, a) })
			g.edges = append(g.edges, back)
		}
	}
	var timers []*edge
	for _, n := range g.nodes {
		for i, t := range n.step.Timers {
			for _, e := range g.edges {
				k := slices.IndexFunc(e.actions, func(a *action) bool { return a != nil && a.ID == t.Action && a.by == bySystem })
				if e.from != n || k < 0 {
					continue
				}
				if !slices.ContainsFunc(timers, func(x *edge) bool { return x.from == n && x.timer == i+1 }) {
					timers = append(timers, &edge{from: n, to: e.to, timer: i + 1, actions: []*action{e.actions[k]}})
				}
				e.actions = slices.Delete(slices.Clone(e.actions), k, k+1)
			}
		}
	}
	g.edges = slices.DeleteFunc(g.edges, func(e *edge) bool { return len(e.actions) == 0 })
	g.edges = append(g.edges, timers...)
	return g
}

// xmlID makes an id that XML accepts; the parts of a flow are told apart by a prefix.
func xmlID(prefix, id string) string { return prefix + "_" + strings.ReplaceAll(id, "-", "_") }

func (b *bpmn) document() bDefinitions {
	d := &b.doc
	d.BPMN, d.DI = "http://www.omg.org/spec/BPMN/20100524/MODEL", "http://www.omg.org/spec/BPMN/20100524/DI"
	d.DC, d.DDI = "http://www.omg.org/spec/DD/20100524/DC", "http://www.omg.org/spec/DD/20100524/DI"
	d.XSI = "http://www.w3.org/2001/XMLSchema-instance"
	d.ID, d.TargetNamespace, d.Exporter = "definitions", "urn:motcua:flow:"+b.flow.def.ID, "Motcua"
	name := b.flow.Name().VI
	d.Collaboration.ID = "collaboration"
	d.Collaboration.Participant.ID, d.Collaboration.Participant.Name, d.Collaboration.Participant.Process = "participant", name, "process"
	d.Process.ID, d.Process.Name = "process", name
	d.Diagram.ID, d.Diagram.Plane.ID, d.Diagram.Plane.Element = "diagram", "plane", "collaboration"
	b.bands()
	for _, n := range b.layout.nodes {
		b.node(n)
	}
	b.start()
	for _, n := range b.layout.nodes {
		b.exits(n)
	}
	for id, lane := range b.lanes {
		d.Process.Lanes[lane].Refs = append(d.Process.Lanes[lane].Refs, id)
	}
	for i := range d.Process.Lanes {
		slices.Sort(d.Process.Lanes[i].Refs)
	}
	return *d
}

const poolHead = 30

func (b *bpmn) bands() {
	l := b.layout
	b.shape("participant", rect{0, 0, l.width, l.height}, "true")
	for i, lane := range l.lanes {
		id := xmlID("lane", lane.ID)
		if lane.ID == "" {
			id = "lane_all"
		}
		b.doc.Process.Lanes = append(b.doc.Process.Lanes, bLane{ID: id, Name: lane.Name.VI})
		band := l.bands[i]
		b.shape(id, rect{poolHead, band.y, l.width - poolHead, band.h}, "true")
	}
}

func (b *bpmn) shape(element string, r rect, horizontal string) {
	s := bShape{ID: "shape_" + element, Element: element, Horizontal: horizontal}
	s.Bounds.X, s.Bounds.Y, s.Bounds.W, s.Bounds.H = r.x, r.y, r.w, r.h
	b.doc.Diagram.Plane.Shapes = append(b.doc.Diagram.Plane.Shapes, s)
}

func (b *bpmn) add(n bNode, lane int, r rect) {
	b.index[n.ID] = len(b.doc.Process.Nodes)
	b.lanes[n.ID] = lane
	b.doc.Process.Nodes = append(b.doc.Process.Nodes, n)
	b.shape(n.ID, r, "")
}

// node writes the step itself.
func (b *bpmn) node(n *node) {
	s := n.step
	e := bNode{ID: xmlID("step", s.ID), Name: s.Name.VI, Documentation: b.notes(s)}
	box := n.box
	kind := "userTask"
	switch s.Kind {
	case WaitStep:
		kind = "receiveTask"
	case EndStep:
		kind = "endEvent"
		box = rect{n.box.x + (n.box.w-eventSize)/2, n.box.y + (n.box.h-eventSize)/2, eventSize, eventSize}
	case OpinionsStep:
		e.Many = many(len(s.Ask), s.Join)
	case ChildStep:
		kind = "callActivity"
		e.Called = s.Children[0].Procedure
		e.Many = many(len(s.Children), s.Join)
	}
	e.XMLName = xml.Name{Local: "bpmn:" + kind}
	b.add(e, n.lane, box)
}

func many(n int, join string) *bMany {
	m := &bMany{Cardinality: bExpr{Type: "bpmn:tFormalExpression", Text: fmt.Sprint(n)}}
	if join == joinAny {
		m.Completion = &bExpr{Type: "bpmn:tFormalExpression", Text: "nrOfCompletedInstances >= 1"}
	}
	return m
}

// notes keeps what BPMN has no place for.
func (b *bpmn) notes(s *step) string {
	d := drawing{flow: b.flow, lang: i18n.VI}
	var out []string
	if who := d.who(s); who != "" {
		out = append(out, who)
	}
	for _, q := range s.Ask {
		if !q.Name.IsZero() {
			out = append(out, q.Name.VI)
		}
	}
	for _, c := range s.Children {
		if !c.Name.IsZero() {
			out = append(out, c.Name.VI)
		}
	}
	if s.Status > 0 {
		out = append(out, ownWords().T(i18n.VI, "flow.bpmn.status", "status", fmt.Sprint(s.Status)))
	}
	return strings.Join(out, "\n")
}

func (b *bpmn) start() {
	first := b.layout.byID[b.flow.steps[0].ID]
	r := rect{first.box.x - eventSize - 30, first.box.y + (first.box.h-eventSize)/2, eventSize, eventSize}
	b.add(bNode{XMLName: xml.Name{Local: "bpmn:startEvent"}, ID: "start"}, first.lane, r)
	b.connect("start", xmlID("step", first.step.ID), "", nil, []point{{r.x + r.w, r.y + r.h/2}, {first.box.x, r.y + r.h/2}})
}

// exits writes what leads out of a step: timers on its border, and one flow or a
// gateway with several.
func (b *bpmn) exits(n *node) {
	var out []*edge
	for _, e := range b.layout.edges {
		switch {
		case e.from != n:
		case e.timer > 0:
			b.timer(e)
		default:
			out = append(out, e)
		}
	}
	if len(out) == 0 {
		return
	}
	from := xmlID("step", n.step.ID)
	right, middle := n.box.x+n.box.w, n.box.y+n.box.h/2
	if len(out) > 1 {
		gateway := xmlID("choice", n.step.ID)
		at := rect{right + (b.layout.gateways-gatewaySize)/2, middle - gatewaySize/2, gatewaySize, gatewaySize}
		b.add(bNode{XMLName: xml.Name{Local: "bpmn:exclusiveGateway"}, ID: gateway}, n.lane, at)
		b.doc.Diagram.Plane.Shapes[len(b.doc.Diagram.Plane.Shapes)-1].Marker = "true"
		b.connect(from, gateway, "", nil, []point{{right, middle}, {at.x, middle}})
		from = gateway
	}
	for _, e := range out {
		b.connect(from, xmlID("step", e.to.step.ID), b.label(e), b.condition(e), b.way(e, len(out) > 1))
	}
}

// way is the line of a flow, from the gateway or, without one, from the right side of
// the step, to the border of the target.
func (b *bpmn) way(e *edge, gateway bool) []point {
	pts := slices.Clone(e.points)
	box := e.from.box
	right, middle := box.x+box.w, box.y+box.h/2
	straight := len(pts) == 2 && pts[0].y == pts[1].y
	switch {
	case gateway && straight:
		pts[0].x = right + (b.layout.gateways+gatewaySize)/2
	case gateway && pts[1].y > middle:
		pts[0].y = middle + gatewaySize/2 - gatewayStub
	case gateway:
		pts[0].y = middle - gatewaySize/2 + gatewayStub
	case !straight:
		pts = append([]point{{right, middle}}, pts...)
	}
	return b.arrive(e, pts)
}

// arrive ends a line at an event, which is smaller than the box it stands in.
func (b *bpmn) arrive(e *edge, pts []point) []point {
	straight := len(pts) == 2 && pts[0].y == pts[1].y
	if e.to.step.Kind == EndStep { // the event is smaller than the box it stands in
		r, last := e.to.box, &pts[len(pts)-1]
		switch {
		case straight:
			last.x = r.x + (r.w-eventSize)/2
		case last.y == r.y: // from above
			last.x = r.x + r.w/2
			last.y = r.y + (r.h-eventSize)/2
			pts[len(pts)-2].x = last.x
		default:
			last.x = r.x + r.w/2
			last.y = r.y + (r.h+eventSize)/2
			pts[len(pts)-2].x = last.x
		}
	}
	return pts
}

func (b *bpmn) label(e *edge) string {
	var names []string
	for _, a := range e.actions {
		if a != nil && a.by != bySystem && !slices.Contains(names, a.Name.VI) {
			names = append(names, a.Name.VI)
		}
	}
	return strings.Join(names, " / ")
}

// condition is the guard of a flow that a single button leads along.
func (b *bpmn) condition(e *edge) *bExpr {
	if len(e.actions) != 1 || e.actions[0] == nil || e.actions[0].guard == nil {
		return nil
	}
	return &bExpr{Type: "bpmn:tFormalExpression", Language: "https://cel.dev", Text: e.actions[0].Guard}
}

// timer writes a boundary event and where it leads.
func (b *bpmn) timer(e *edge) {
	n, def := e.from, e.from.step.Timers[e.timer-1]
	id := xmlID("timer", fmt.Sprintf("%s_%d", n.step.ID, e.timer))
	t := &bTimer{ID: id + "_after"}
	t.Duration.Type, t.Duration.Text = "bpmn:tFormalExpression", def.After.iso()
	b.add(bNode{XMLName: xml.Name{Local: "bpmn:boundaryEvent"}, ID: id, Name: e.actions[0].Name.VI, AttachedTo: xmlID("step", n.step.ID), Timer: t}, n.lane,
		rect{n.box.x + timerX(e.timer), n.box.y + n.box.h - eventSize/2, eventSize, eventSize})
	b.connect(id, xmlID("step", e.to.step.ID), "", nil, b.arrive(e, slices.Clone(e.points)))
}

// iso writes the span as ISO 8601; working days and hours have no such form and are
// written as the calendar ones, the documentation of the step says what is meant.
func (s Span) iso() string {
	switch s.Unit {
	case "working_hour", "hour":
		return fmt.Sprintf("PT%dH", s.Amount)
	case "month":
		return fmt.Sprintf("P%dM", s.Amount)
	default:
		return fmt.Sprintf("P%dD", s.Amount)
	}
}

func (b *bpmn) connect(from, to, name string, condition *bExpr, pts []point) {
	b.count++
	id := fmt.Sprintf("flow_%d", b.count)
	p := &b.doc.Process
	p.Flows = append(p.Flows, bFlow{ID: id, Name: name, From: from, To: to, Condition: condition})
	p.Nodes[b.index[from]].Out = append(p.Nodes[b.index[from]].Out, id)
	p.Nodes[b.index[to]].In = append(p.Nodes[b.index[to]].In, id)
	e := bEdge{ID: "edge_" + id, Element: id}
	for _, q := range pts {
		e.Points = append(e.Points, bPoint{q.x, q.y})
	}
	b.doc.Diagram.Plane.Edges = append(b.doc.Diagram.Plane.Edges, e)
}
