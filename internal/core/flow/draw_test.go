package flow

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// drawn are the flows the drawings are judged by: ours and those of the shipped packs.
func drawn(t *testing.T) map[string]*Flow {
	t.Helper()
	files, err := filepath.Glob("../../../packs/*/flows/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]*Flow{}
	for _, file := range append(files, "testdata/permit.yaml") {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		def, err := Decode(file, data)
		if err != nil {
			t.Fatal(err)
		}
		f, err := Compile(def)
		if err != nil {
			t.Fatal(err)
		}
		out[file] = f
	}
	return out
}

func TestLayoutIsClean(t *testing.T) {
	for file, f := range drawn(t) {
		checkLayout(t, file+" svg", f.graphOf().layOut(sizes{box: point{196, 84}, head: 44, gap: 26, track: 8, pad: 6}))
		checkLayout(t, file+" bpmn", f.oneWay().layOut(sizes{box: point{160, 80}, head: 150, gap: 40, track: 14, pad: 10, gateways: gatewaySize + 24}))
	}
}

func checkLayout(t *testing.T, name string, l *layout) {
	t.Helper()
	for i, a := range l.nodes {
		if a.box.x < 0 || a.box.y < 0 || a.box.x+a.box.w > l.width || a.box.y+a.box.h > l.height {
			t.Errorf("%s: %s lies outside", name, a.step.ID)
		}
		band := l.bands[a.lane]
		if a.box.y < band.y || a.box.y+a.box.h > band.y+band.h {
			t.Errorf("%s: %s lies outside its stage", name, a.step.ID)
		}
		for _, b := range l.nodes[i+1:] {
			if a.box.x < b.box.x+b.box.w && b.box.x < a.box.x+a.box.w && a.box.y < b.box.y+b.box.h && b.box.y < a.box.y+a.box.h {
				t.Errorf("%s: %s and %s overlap", name, a.step.ID, b.step.ID)
			}
		}
	}
	type piece struct {
		a, b point
		edge *edge
	}
	var pieces []piece
	for _, e := range l.edges {
		if len(e.points) < 2 {
			t.Errorf("%s: %s→%s has no line", name, e.from.step.ID, e.to.step.ID)
		}
		for i := 1; i < len(e.points); i++ {
			p := piece{e.points[i-1], e.points[i], e}
			if p.a.x != p.b.x && p.a.y != p.b.y {
				t.Errorf("%s: %s→%s runs askew", name, e.from.step.ID, e.to.step.ID)
			}
			for _, n := range l.nodes {
				x1, x2, y1, y2 := min(p.a.x, p.b.x), max(p.a.x, p.b.x), min(p.a.y, p.b.y), max(p.a.y, p.b.y)
				if x1 < n.box.x+n.box.w && n.box.x < x2 && y1 < n.box.y+n.box.h && n.box.y < y2 ||
					p.a.x == p.b.x && n.box.x < p.a.x && p.a.x < n.box.x+n.box.w && y1 < n.box.y+n.box.h && n.box.y < y2 ||
					p.a.y == p.b.y && n.box.y < p.a.y && p.a.y < n.box.y+n.box.h && x1 < n.box.x+n.box.w && n.box.x < x2 {
					t.Errorf("%s: %s→%s runs through %s", name, e.from.step.ID, e.to.step.ID, n.step.ID)
				}
			}
			pieces = append(pieces, p)
		}
	}
	// Two lines lie on each other only where they leave the same gateway.
	for i, p := range pieces {
		for _, q := range pieces[i+1:] {
			if p.edge == q.edge || l.gateways > 0 && p.edge.from == q.edge.from {
				continue
			}
			along := func(a, b, c, d int) int { return min(max(a, b), max(c, d)) - max(min(a, b), min(c, d)) }
			if p.a.x == p.b.x && q.a.x == q.b.x && p.a.x == q.a.x && along(p.a.y, p.b.y, q.a.y, q.b.y) > 2 ||
				p.a.y == p.b.y && q.a.y == q.b.y && p.a.y == q.a.y && along(p.a.x, p.b.x, q.a.x, q.b.x) > 2 {
				t.Errorf("%s: %s→%s lies on %s→%s", name, p.edge.from.step.ID, p.edge.to.step.ID, q.edge.from.step.ID, q.edge.to.step.ID)
			}
		}
	}
}

func TestSVG(t *testing.T) {
	for file, f := range drawn(t) {
		for _, lang := range []string{"vi", "en"} {
			run := &Run{Step: f.steps[1].ID, Trail: []string{f.steps[0].ID}}
			for _, r := range []*Run{nil, run} {
				out := SVG(f, r, lang)
				d := xml.NewDecoder(strings.NewReader(out))
				ids := map[string]int{}
				for {
					token, err := d.Token()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatalf("%s: not well formed: %v", file, err)
					}
					e, ok := token.(xml.StartElement)
					if !ok {
						continue
					}
					for _, a := range e.Attr {
						if a.Name.Local == "id" {
							ids[a.Value]++
						}
						if a.Name.Local == "style" || strings.HasPrefix(a.Name.Local, "on") {
							t.Errorf("%s: the attribute %s does not pass a strict policy", file, a.Name.Local)
						}
					}
					if e.Name.Local == "style" || e.Name.Local == "script" {
						t.Errorf("%s: a %s element does not pass a strict policy", file, e.Name.Local)
					}
				}
				for id, n := range ids {
					if n > 1 {
						t.Errorf("%s: the id %s stands %d times", file, id, n)
					}
				}
				if strings.Contains(out, "⟦") {
					t.Errorf("%s: words are missing in %s", file, lang)
				}
				if marked := strings.Contains(out, "● "+ownWords().T(lang, "flow.svg.current")); marked != (r != nil) {
					t.Errorf("%s: the present step is marked: %v", file, marked)
				}
			}
			if out := SVG(f, run, lang); !strings.Contains(out, "✓ "+ownWords().T(lang, "flow.svg.done")) || !strings.Contains(out, "→ "+ownWords().T(lang, "flow.svg.next")) {
				t.Errorf("%s: passed and next steps are not said in words", file)
			}
		}
	}
}

func TestSVGTellsTheFlowInWords(t *testing.T) {
	f := drawn(t)["testdata/permit.yaml"]
	out := SVG(f, &Run{Step: "appraise", Trail: []string{"receive", "assign"}}, "vi")
	for _, want := range []string{"<title id=\"flow-permit-title\">Cấp giấy phép</title>", "1. Tiếp nhận (Một cửa · 4 giờ làm việc) – Đã qua", "3. Thẩm định (Chuyên viên · 24 giờ làm việc) – Đang ở đây", "Tiếp theo: Ký"} {
		if !strings.Contains(out, want) {
			t.Errorf("the drawing does not say %q", want)
		}
	}
	for _, code := range []string{"counter_clerk", "records_clerk"} {
		if strings.Contains(out, code) {
			t.Errorf("the drawing shows the code %s to people", code)
		}
	}
}

// xmlNode is any element.
type xmlNode struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Text    string     `xml:",chardata"`
	Nodes   []xmlNode  `xml:",any"`
}

func (n xmlNode) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

func (n xmlNode) walk(visit func(xmlNode)) {
	visit(n)
	for _, c := range n.Nodes {
		c.walk(visit)
	}
}

func TestBPMNIsConsistent(t *testing.T) {
	for file, f := range drawn(t) {
		var doc xmlNode
		if err := xml.Unmarshal(BPMN(f), &doc); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		ids, in, out := map[string]xmlNode{}, map[string][]string{}, map[string][]string{}
		flows, drawnFlows := map[string]xmlNode{}, map[string][]xmlNode{}
		lanes := map[string]int{}
		bounds := map[string][4]int{}
		doc.walk(func(n xmlNode) {
			id := n.attr("id")
			if id != "" {
				if _, twice := ids[id]; twice {
					t.Errorf("%s: the id %s stands twice", file, id)
				}
				ids[id] = n
			}
			switch n.XMLName.Local {
			case "sequenceFlow":
				flows[id] = n
			case "flowNodeRef":
				lanes[n.Text]++
			case "BPMNEdge":
				drawnFlows[n.attr("bpmnElement")] = n.Nodes
			case "BPMNShape":
				var b [4]int
				for i, key := range []string{"x", "y", "width", "height"} {
					fmt.Sscan(n.Nodes[0].attr(key), &b[i])
				}
				bounds[n.attr("bpmnElement")] = b
			}
			for _, c := range n.Nodes {
				switch c.XMLName.Local {
				case "incoming":
					in[id] = append(in[id], c.Text)
				case "outgoing":
					out[id] = append(out[id], c.Text)
				}
			}
		})
		doc.walk(func(n xmlNode) {
			for _, ref := range []string{"sourceRef", "targetRef", "bpmnElement", "attachedToRef", "processRef"} {
				if v := n.attr(ref); v != "" {
					if _, ok := ids[v]; !ok {
						t.Errorf("%s: %s names %s, which is not there", file, ref, v)
					}
				}
			}
		})
		for id, flow := range flows {
			from, to := flow.attr("sourceRef"), flow.attr("targetRef")
			if !contains(out[from], id) || !contains(in[to], id) {
				t.Errorf("%s: %s→%s is not among outgoing and incoming", file, from, to)
			}
			points := drawnFlows[id]
			if len(points) < 2 {
				t.Errorf("%s: the flow %s→%s is not drawn", file, from, to)
				continue
			}
			for end, at := range map[string]xmlNode{from: points[0], to: points[len(points)-1]} {
				var x, y int
				fmt.Sscan(at.attr("x"), &x)
				fmt.Sscan(at.attr("y"), &y)
				b := bounds[end]
				if x < b[0]-1 || x > b[0]+b[2]+1 || y < b[1]-1 || y > b[1]+b[3]+1 {
					t.Errorf("%s: the flow %s→%s does not touch %s: %d,%d is not at %v", file, from, to, end, x, y, b)
				}
			}
		}
		for id, n := range ids {
			switch kind := n.XMLName.Local; kind {
			case "startEvent", "endEvent", "userTask", "receiveTask", "callActivity", "exclusiveGateway", "boundaryEvent":
				if lanes[id] != 1 {
					t.Errorf("%s: %s is in %d lanes", file, id, lanes[id])
				}
				if _, ok := bounds[id]; !ok {
					t.Errorf("%s: %s is not drawn", file, id)
				}
				if kind != "startEvent" && kind != "boundaryEvent" && len(in[id]) == 0 || kind != "endEvent" && len(out[id]) == 0 {
					t.Errorf("%s: %s %s has no way in or out", file, kind, id)
				}
				if (kind == "userTask" || kind == "receiveTask" || kind == "callActivity") && len(out[id]) > 1 {
					t.Errorf("%s: %s has several flows out without a gateway, which means all at once", file, id)
				}
			}
		}
	}
}

func contains(list []string, v string) bool {
	for _, x := range list {
		if x == v {
			return true
		}
	}
	return false
}
