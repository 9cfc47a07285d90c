package cli

import (
	"errors"
	"strconv"

	"motcua/internal/app"
)

type migrateCmd struct {
	house
	DryRun bool `help:"${migrate_dry}"`
}

// Run brings the database to what this program needs, or says what it would do.
func (c *migrateCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	log, err := r.log(&cfg, false)
	if err != nil {
		return err
	}
	steps, err := app.Migrate(r.ctx, app.Options{Config: cfg, Version: r.env.Version, Log: log, Metrics: r.metrics}, c.DryRun)
	if err != nil {
		return err
	}
	for _, s := range steps {
		r.print("  " + s + "\n")
	}
	switch {
	case len(steps) == 0:
		return r.verdict(true, r.t("cli.migrate.nothing"))
	case c.DryRun:
		return r.verdict(true, r.t("cli.migrate.would", "n", len(steps)))
	}
	return r.verdict(true, r.t("cli.migrate.done", "n", len(steps)))
}

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"${token_create}"`
}

type tokenCreateCmd struct {
	house
	Login string `help:"${token_login}" required:"" placeholder:"LOGIN"`
	Name  string `help:"${token_name}" default:"motcua token create"`
	Days  int    `help:"${token_days}" default:"90"`
}

// Run makes an API token for an account and prints it as the last line.
func (c *tokenCreateCmd) Run(r *run) (err error) {
	if c.Days < 1 {
		return errors.New(r.t("cli.token.days"))
	}
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	db, err := r.database(&cfg)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	house, err := r.open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	key, until, err := house.CreateToken(r.ctx, c.Login, c.Name, c.Days)
	if err != nil {
		return err
	}
	// The words go to stderr so that a script can take the token from stdout.
	r.errorf("%s\n", r.t("cli.token.made", "login", c.Login, "until", until.Format("02/01/2006"), "days", strconv.Itoa(c.Days)))
	r.print(key + "\n")
	return nil
}
