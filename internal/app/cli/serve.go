package cli

import (
	"errors"
	"fmt"
	"net"

	"motcua/internal/app"
	"motcua/internal/platform/config"
)

type serveCmd struct {
	house
	Listen      string `help:"${listen}" placeholder:"ADDR"`
	Development bool   `help:"${development}"`
}

// Run serves until told to stop.
func (c *serveCmd) Run(r *run) error {
	cfg, _, err := r.settings(c.house, map[string]string{"listen": c.Listen})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", cfg.Listen)
	if err != nil {
		return errors.New(r.t("cli.cannot-listen", "address", cfg.Listen, "reason", err))
	}
	return r.serve(cfg, ln, c.Development, nil)
}

// serve opens the house and answers on ln. prepare, when given, comes before the
// first request.
func (r *run) serve(cfg config.Config, ln net.Listener, development bool, prepare func(*app.App) error) (err error) {
	log, err := r.log(&cfg, true)
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	house, err := r.open(cfg, func(o *app.Options) { o.Log, o.Development = log, development })
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if prepare != nil {
		if err := prepare(house); err != nil {
			return errors.Join(err, ln.Close())
		}
	}
	return house.Serve(r.ctx, ln, func() { r.print("listening " + address(&cfg, ln) + "\n") })
}

// address is where the listener can be reached from this machine.
func address(cfg *config.Config, ln net.Listener) string {
	scheme := "http"
	if cfg.TLS.CertFile != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(ln.Addr().String())
	if err != nil {
		return fmt.Sprintf("%s://%s", scheme, ln.Addr())
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
