package app

import (
	"motcua/internal/core/identity"
	"motcua/internal/modules/notify"
)

// What one room needs of another and neither should know: small adapters.

// homeOf is where somebody lands after signing in.
func homeOf(a identity.Actor) string {
	switch a.Kind {
	case identity.KindStaff:
		return "/xu-ly"
	case identity.KindCitizen, identity.KindOrganisation:
		return "/ho-so"
	}
	return "/"
}

// argon are the costs of password hashes.
func (h house) argon() identity.Argon {
	if h.cheap {
		return identity.Argon{MemoryKiB: 64, Passes: 1, Threads: 1}
	}
	return identity.Argon{}
}

// mail is the mail server of the settings, nil when there is none.
func (h house) mail() notify.Sender {
	s := h.cfg.SMTP
	if s.Host == "" {
		return nil
	}
	return notify.SMTP{Host: s.Host, Port: s.Port, User: s.User, Password: string(s.Password), From: s.From, TLS: s.TLS}
}
