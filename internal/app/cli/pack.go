package cli

import (
	"errors"
	"strings"

	"motcua/internal/modules/pack"
	"motcua/internal/platform/errs"
)

type packCmd struct {
	Check packCheckCmd `cmd:"" help:"${pack_check}"`
	Test  packTestCmd  `cmd:"" help:"${pack_test}"`
	Diff  packDiffCmd  `cmd:"" help:"${pack_diff}"`
	Load  packLoadCmd  `cmd:"" help:"${pack_load}"`
	List  packListCmd  `cmd:"" help:"${pack_list}"`
}

// packs are the folders to look at; none means those that ship with the program.
type packs struct {
	Path []string `arg:"" optional:"" help:"${pack_path}" type:"path"`
}

type packCheckCmd struct{ packs }

// Run reads packs and reports every problem of their declarations.
func (c *packCheckCmd) Run(r *run) error {
	rep, err := pack.Check(c.Path...)
	return r.packReport(rep, err)
}

type packTestCmd struct{ packs }

// Run also runs the acceptance cases and looks for what they leave unproven.
func (c *packTestCmd) Run(r *run) error {
	rep, err := pack.Test(c.Path...)
	return r.packReport(rep, err)
}

func (r *run) packReport(rep pack.Report, err error) error {
	if err != nil {
		return err
	}
	for _, line := range rep.Lines() {
		r.print(line + "\n")
	}
	for _, p := range rep.Packs {
		r.say("cli.pack.content", "name", p.Name, "code", p.Code, "version", p.Version, "procedures", p.Procedures, "forms", p.Forms, "flows", p.Flows,
			"registers", p.Registers, "templates", p.Templates, "cases", p.Cases)
	}
	return r.verdict(rep.OK(), bare(rep.Summary()))
}

// bare is a summary without its own verdict.
func bare(summary string) string {
	_, rest, found := strings.Cut(summary, ": ")
	if !found {
		return summary
	}
	return rest
}

type packDiffCmd struct {
	house
	packs
}

// Run says what loading the packs would change in the house.
func (c *packDiffCmd) Run(r *run) error { return r.packs(c.house, c.Path, true) }

type packLoadCmd struct {
	house
	packs
}

// Run puts packs in force, all or none.
func (c *packLoadCmd) Run(r *run) error { return r.packs(c.house, c.Path, false) }

func (r *run) packs(h house, paths []string, dry bool) (err error) {
	cfg, _, err := r.settings(h, nil)
	if err != nil {
		return err
	}
	a, err := r.open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	if err := a.Start(r.ctx); err != nil {
		return err
	}
	out, err := a.LoadPacks(r.ctx, paths, dry)
	if err != nil && !errs.HasCode(err, "pack.not-loadable") {
		return err
	}
	for _, line := range out.Report.Lines() {
		r.print(line + "\n")
	}
	for _, change := range out.Changes {
		r.print("  " + change.String() + "\n")
		for _, f := range change.Fields {
			r.print("      " + f.String() + "\n")
		}
	}
	if err == nil && !dry {
		// The events of the load are sealed before the command ends.
		if err := a.Rooms.Journal.CatchUp(r.ctx); err != nil {
			return err
		}
	}
	return r.verdict(out.Report.OK(), bare(out.Summary()))
}

type packListCmd struct{ house }

// Run lists the packs in force.
func (c *packListCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	a, err := r.open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	loads, err := a.Packs(r.ctx)
	if err != nil {
		return err
	}
	for _, l := range loads {
		r.say("cli.pack.loaded", "name", l.Name.Lang(r.lang), "code", l.Pack, "version", l.Version, "at", when(l.LoadedAt), "procedures", l.Content.Procedures)
	}
	return r.verdict(true, r.t("cli.pack.count", "n", len(loads)))
}
