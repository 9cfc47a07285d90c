package cli

import (
	"errors"

	"motcua/internal/app"
	"motcua/internal/platform/errs"
)

type initCmd struct {
	house
	Code   string `help:"${init_code}" required:"" placeholder:"H64"`
	Agency string `help:"${init_agency}" placeholder:"TEXT"`
	Login  string `help:"${init_login}" required:"" placeholder:"LOGIN"`
	Name   string `help:"${init_name}" placeholder:"TEXT"`
}

// Run makes the top agency and its administrator, or another administrator, and
// prints the address where the person chooses a password, as the last line.
func (c *initCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	house, err := r.open(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if err := house.Start(r.ctx); err != nil {
		return err
	}
	secret, until, err := house.Found(r.ctx, app.First{Code: c.Code, Agency: c.Agency, Login: c.Login, Name: c.Name, Post: r.t("cli.init.post")})
	if e, ok := errs.As(err); ok && len(e.Fields) > 0 {
		for _, f := range e.Fields {
			r.errorf("%s: %s\n", f.Name, house.Bundle.T(r.lang, "error."+f.Code, pairs(f.Args)...))
		}
		return errSaid
	}
	if err != nil {
		return err
	}
	r.errorf("%s\n", r.t("cli.init.made", "login", c.Login, "until", when(until)))
	r.print(cfg.PublicURL + "/dat-mat-khau/" + secret + "\n")
	return nil
}

func pairs(args map[string]any) (kv []any) {
	for k, v := range args {
		kv = append(kv, k, v)
	}
	return kv
}
