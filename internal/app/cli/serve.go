package cli

import (
	"errors"
	"fmt"
	"net"

	"motcua/internal/app"
	"motcua/internal/ops"
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
	ln, err := new(net.ListenConfig).Listen(r.ctx, "tcp", cfg.Listen)
	if err != nil {
		return errors.New(r.t("cli.cannot-listen", "address", cfg.Listen, "reason", err.Error()))
	}
	return r.serve(cfg, ln, serving{options: func(o *app.Options) { o.Development = c.Development }})
}

// serving is what differs between a house and a demo.
type serving struct {
	options func(*app.Options)
	prepare func(*app.App) error // before the first request; errDone ends the command there
}

// serve opens the house and answers on ln, which it closes unless prepare ended
// the command.
func (r *run) serve(cfg config.Config, ln net.Listener, s serving) (err error) {
	done := false
	defer func() {
		if cerr := closeOnce(ln, done); cerr != nil {
			err = errors.Join(err, cerr)
		}
	}()
	lock, err := ops.AcquireLock(cfg.Dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	log, err := r.log(&cfg, true)
	if err != nil {
		return err
	}
	house, err := r.openWith(cfg, log, s.options)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, house.Close()) }()
	if s.prepare != nil {
		if done, err = finished(s.prepare(house)); done || err != nil {
			return err
		}
	}
	return house.Serve(r.ctx, ln, func() { r.print("listening " + address(&cfg, ln) + "\n") })
}

// finished tells a command that is done from one that failed.
func finished(err error) (done bool, _ error) {
	if err == errDone { //nolint:errorlint // joined with nothing else it is the good end
		return true, nil
	}
	return false, err
}

func closeOnce(ln net.Listener, keep bool) error {
	if keep {
		return nil
	}
	if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
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
