package cli

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"motcua/internal/app"
	"motcua/internal/core/identity"
	"motcua/internal/modules/reform"
	"motcua/internal/platform/i18n"
)

type reformCmd struct {
	Check   reformCheckCmd   `cmd:"" help:"${reform_check}"`
	Preview reformPreviewCmd `cmd:"" help:"${reform_preview}"`
	Apply   reformApplyCmd   `cmd:"" help:"${reform_apply}"`
	Undo    reformUndoCmd    `cmd:"" help:"${reform_undo}"`
}

type decreeFile struct {
	File string `arg:"" help:"${reform_file}" type:"existingfile"`
}

type reformCheckCmd struct{ decreeFile }

// Run reads a decree by itself and reports every problem with its line.
func (c *reformCheckCmd) Run(r *run) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	words, err := i18n.New(app.Locales(), reform.Locales())
	if err != nil {
		return err
	}
	f, problems := reform.Parse(filepath.Base(c.File), text)
	ctx := i18n.WithLang(i18n.WithBundle(r.ctx, words), r.lang)
	for _, p := range problems {
		r.print("  " + p.Words(ctx) + "\n")
	}
	if len(problems) > 0 {
		return r.verdict(false, r.t("cli.reform.bad", "n", len(problems)))
	}
	return r.verdict(true, r.t("cli.reform.good", "number", f.Number, "day", f.Effective))
}

// reforming opens the house and acts in it as the program itself: whoever may run
// commands on this machine may do anything anyway.
func (r *run) reforming(h house, do func(ctx context.Context, a *app.App) error) (err error) {
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
	ctx := i18n.WithLang(i18n.WithBundle(identity.With(r.ctx, identity.System), a.Bundle), r.lang)
	if err := do(ctx, a); err != nil {
		return err
	}
	return a.Rooms.Journal.CatchUp(r.ctx) // the events are sealed before the command ends
}

func propose(ctx context.Context, a *app.App, file string) (reform.Decree, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return reform.Decree{}, err
	}
	return a.Rooms.Reforms.Propose(ctx, filepath.Base(file), text)
}

// told prints the problems of a decree, or how many things of each kind it changes.
func (r *run) told(ctx context.Context, d reform.Decree) error {
	for _, p := range d.Problems {
		r.print("  " + p.Words(ctx) + "\n")
	}
	if len(d.Problems) > 0 {
		return r.verdict(false, r.t("cli.reform.bad", "n", len(d.Problems)))
	}
	for _, k := range reform.Kinds() {
		if n := d.Summary[k]; n > 0 {
			r.say("cli.reform.count", "kind", k.Words(ctx), "n", n)
		}
	}
	return nil
}

type reformPreviewCmd struct {
	house
	decreeFile
	CSV string `help:"${reform_csv}" placeholder:"DIR" name:"csv"`
}

// Run lists what a decree would change and changes nothing.
func (c *reformPreviewCmd) Run(r *run) error {
	return r.reforming(c.house, func(ctx context.Context, a *app.App) error {
		d, err := propose(ctx, a, c.File)
		if err != nil {
			return err
		}
		if err := r.told(ctx, d); err != nil {
			return err
		}
		if c.CSV != "" {
			if err := writeLists(ctx, a, d, c.CSV); err != nil {
				return err
			}
		}
		if _, err := a.Rooms.Reforms.Undo(ctx, d.ID); err != nil { // the draft was only for looking
			return err
		}
		return r.verdict(true, r.t("cli.reform.previewed", "number", d.Number))
	})
}

func writeLists(ctx context.Context, a *app.App, d reform.Decree, dir string) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	for _, k := range reform.Kinds() {
		f, err := os.Create(filepath.Join(dir, string(k)+".csv")) //nolint:gosec // the folder is what the operator named
		if err != nil {
			return err
		}
		if err := errors.Join(a.Rooms.Reforms.WriteCSV(ctx, f, d, k), f.Close()); err != nil {
			return err
		}
	}
	return nil
}

type reformApplyCmd struct {
	house
	decreeFile
	ConfirmPast bool `help:"${reform_past}"`
}

// Run schedules a decree for its day, or applies it when that day has come.
func (c *reformApplyCmd) Run(r *run) error {
	return r.reforming(c.house, func(ctx context.Context, a *app.App) error {
		d, err := propose(ctx, a, c.File)
		if err != nil {
			return err
		}
		if err := r.told(ctx, d); err != nil {
			return err
		}
		if d, err = a.Rooms.Reforms.Apply(ctx, reform.ApplyInput{DecreeID: d.ID, ConfirmPast: c.ConfirmPast}); err != nil {
			return err
		}
		if a.Rooms.Reforms.Due(d) {
			if d, err = a.Rooms.Reforms.Carry(ctx, d.ID); err != nil {
				return err
			}
			return r.verdict(true, r.t("cli.reform.applied", "number", d.Number, "ms", d.Took.Milliseconds()))
		}
		return r.verdict(true, r.t("cli.reform.scheduled", "number", d.Number, "day", d.Effective.Screen(r.lang)))
	})
}

type reformUndoCmd struct {
	house
	decreeFile
}

// Run takes a decree back that has not been applied.
func (c *reformUndoCmd) Run(r *run) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	f, _ := reform.Parse(filepath.Base(c.File), text)
	return r.reforming(c.house, func(ctx context.Context, a *app.App) error {
		d, err := a.Rooms.Reforms.ByNumber(ctx, f.Number)
		if err != nil {
			return err
		}
		if d, err = a.Rooms.Reforms.Undo(ctx, d.ID); err != nil {
			return err
		}
		return r.verdict(true, r.t("cli.reform.undone", "number", d.Number))
	})
}
