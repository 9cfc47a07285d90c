package flow

// SVG draws the flow.
func SVG(f *Flow, run *Run, lang string) string { return "" }

// BPMN exports the flow.
func BPMN(f *Flow) []byte { return nil }
