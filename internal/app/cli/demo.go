package cli

import (
	"errors"
	"net"
	"strconv"
	"time"

	"motcua/internal/app"
	"motcua/internal/modules/demo"
)

type demoCmd struct {
	house
	Listen   string `help:"${listen}" placeholder:"ADDR"`
	Dossiers int    `help:"${dossiers}" placeholder:"N"`
	NoServe  bool   `help:"${no_serve}"`
}

// Run fills an empty house with a province to try, once, and serves it.
func (c *demoCmd) Run(r *run) (err error) {
	cfg, origins, err := r.settings(c.house, map[string]string{"listen": c.Listen})
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(r.ctx, "tcp", cfg.Listen)
	if err != nil {
		return errors.New(r.t("cli.cannot-listen", "address", cfg.Listen, "reason", err.Error()))
	}
	if !given(origins, "public_url") {
		cfg.PublicURL = address(&cfg, ln) // what is printed in QR codes leads back here
	}
	// Thousands of acts are lived through; waiting for the disk after each would
	// take minutes, and until the end there is nothing to lose.
	loading := &demo.Clock{}
	if _, err := demo.Accounts(cfg.Dir); err != nil {
		r.say("cli.demo.begin")
	}
	if err := r.serve(cfg, ln, serving{
		options: func(o *app.Options) { o.Now, o.Hasty = loading.Now, true },
		prepare: func(a *app.App) error {
			if err := c.load(r, a, loading, cfg.Dir); err != nil {
				return err
			}
			return errDone
		},
	}); err != nil || c.NoServe {
		return errors.Join(err, ln.Close())
	}
	accounts, err := demo.Accounts(cfg.Dir)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	r.say("cli.demo.accounts", "file", demo.AccountsFile)
	if err := demo.PrintAccounts(r.env.Stdout, few(accounts)); err != nil {
		return errors.Join(err, ln.Close())
	}
	return r.serve(cfg, ln, serving{options: func(*app.Options) {}})
}

// errDone ends a command that had nothing more to do.
var errDone = errors.New("done")

func (c *demoCmd) load(r *run, a *app.App, clock *demo.Clock, dir string) error {
	report, err := a.LoadDemo(r.ctx, clock, demo.Options{Dossiers: c.Dossiers})
	switch {
	case errors.Is(err, demo.ErrNotEmpty):
		return errors.New(r.t("cli.demo.not-empty", "dir", dir))
	case errors.Is(err, demo.ErrInterrupted):
		return errors.New(r.t("cli.demo.interrupted", "dir", dir))
	case errors.Is(err, demo.ErrTooEarly):
		return errors.New(r.t("cli.demo.too-early"))
	case err != nil:
		return err
	}
	if report.Loaded {
		// What hangs on the journal (statistics, notices) is there before the first visitor.
		if err := a.CatchUp(r.ctx); err != nil {
			return err
		}
		r.say("cli.demo.loaded", "staff", report.Staff, "citizens", report.Citizens, "dossiers", report.Dossiers, "took", report.Took.Round(100*time.Millisecond))
		if n := len(report.Troubles); n > 0 {
			r.say("cli.demo.troubles", "count", strconv.Itoa(n), "first", report.Troubles[0])
		}
	}
	return nil
}

// few are enough accounts to try everything: every member of staff, and some citizens.
func few(all []demo.Account) []demo.Account {
	const citizens = 5
	var some []demo.Account
	seen := 0
	for _, a := range all {
		if a.Role == "citizen" {
			if seen++; seen > citizens {
				continue
			}
		}
		some = append(some, a)
	}
	return some
}
