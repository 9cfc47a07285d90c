package cli

import (
	"errors"
	"fmt"

	"motcua/internal/platform/config"
	"motcua/internal/platform/metrics"
)

type configCmd struct {
	Show    configShowCmd    `cmd:"" help:"${config_show}"`
	Check   configCheckCmd   `cmd:"" help:"${config_check}"`
	Example configExampleCmd `cmd:"" help:"${config_example}"`
}

type configShowCmd struct{ house }

// Run prints every setting with where it came from; secrets are not shown.
func (c *configShowCmd) Run(r *run) error {
	cfg, origins, err := r.settings(c.house, nil)
	r.print(cfg.Show(origins))
	return err
}

type configCheckCmd struct{ house }

// Run says whether the settings are sound.
func (c *configCheckCmd) Run(r *run) error {
	_, _, err := r.settings(c.house, nil)
	var problems config.Problems
	if errors.As(err, &problems) {
		r.print(problems.In(r.lang) + "\n")
		return r.verdict(false, r.t("cli.config.bad", "n", len(problems)))
	}
	if err != nil {
		return err
	}
	return r.verdict(true, r.t("cli.config.ok"))
}

type configExampleCmd struct{}

// Run prints a settings file in which everything is explained.
func (c *configExampleCmd) Run(r *run) error {
	r.print(config.Example(r.lang))
	return nil
}

type versionCmd struct{}

// Run says which program this is.
func (c *versionCmd) Run(r *run) error {
	b := metrics.ReadBuild(r.env.Version)
	r.print(fmt.Sprintf("motcua %s %s %s %s\n", b.Version, b.Revision, b.Time, b.Go))
	return nil
}
