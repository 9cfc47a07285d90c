package cli

import (
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/ident"
)

type explainCmd struct {
	As   string   `help:"${explain_as}" placeholder:"KIND"`
	Code []string `arg:"" help:"${explain_code}"`
}

// Run says what a code is. Nothing is looked up, so that it needs no house. The exit
// status is that of the first reading.
func (c *explainCmd) Run(r *run) error {
	text := strings.Join(c.Code, " ")
	if text == "-" { // keeps a person's number out of the history of the shell
		data, err := io.ReadAll(io.LimitReader(os.Stdin, 1<<16))
		if err != nil {
			return err
		}
		text = strings.TrimRight(string(data), "\r\n")
	}
	today := civil.DateOf(time.Now())
	list := []ident.Reading{ident.ExplainAs(ident.Kind(c.As), text, today)}
	switch {
	case c.As == "":
		list = ident.Explain(text, today)
	case !slices.Contains(ident.Kinds(), ident.Kind(c.As)):
		names := make([]string, len(ident.Kinds()))
		for i, k := range ident.Kinds() {
			names[i] = string(k)
		}
		return errors.New(r.t("cli.explain.kinds", "kinds", strings.Join(names, ", ")))
	}
	for _, x := range list {
		r.say("cli.explain.is", "kind", r.t("ident.kind."+string(x.Kind)), "value", x.Value, "state", r.t("cli.explain."+string(x.State())))
		for _, l := range x.Lines(r.lang, r.t) {
			r.print("  " + l.Label + ": " + strings.TrimSpace(l.Text+"  "+l.Says) + "\n")
		}
		for _, sentence := range x.Told(r.lang, r.t) {
			r.print("  ! " + sentence + "\n")
		}
	}
	first := list[0]
	reason := ""
	if told := first.Told(r.lang, r.t); len(told) > 0 {
		reason = " (" + first.Reasons()[0].Code + ") " + told[0]
	}
	return r.verdict(first.State() == ident.Valid, r.t("ident.kind."+string(first.Kind))+": "+r.t("cli.explain."+string(first.State()))+reason)
}
