package identity

import (
	"context"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

// The rules of access that need no permission. They are values for Route.Access.
var (
	// Anyone lets everybody in, signed in or not.
	Anyone = web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}
	// SignedIn asks for any account.
	SignedIn = web.Access{Name: "signed in", Check: func(ctx context.Context) error {
		if !From(ctx).SignedIn() {
			return unauthenticated()
		}
		return nil
	}}
	// Citizen asks for the account of a citizen or an organisation: those who file dossiers.
	Citizen = web.Access{Name: "citizen", Check: kinds(KindCitizen, KindOrganisation)}
	// Staff asks for a staff account, whatever posts it holds.
	Staff = web.Access{Name: "staff", Check: kinds(KindStaff, KindSystem)}
)

// Holding asks for a permission held at some agency. Which agency is decided by
// the use case, with [Actor.MayAt] and [Actor.Scope].
func Holding(perm string) web.Access {
	return web.Access{Name: perm, Check: func(ctx context.Context) error {
		a := From(ctx)
		switch {
		case !a.SignedIn():
			return unauthenticated()
		case !a.May(perm):
			return notFound()
		}
		return nil
	}}
}

// HoldingAny asks for one of several permissions.
func HoldingAny(perms ...string) web.Access {
	name := ""
	for i, p := range perms {
		if i > 0 {
			name += " or "
		}
		name += p
	}
	return web.Access{Name: name, Check: func(ctx context.Context) error {
		a := From(ctx)
		if !a.SignedIn() {
			return unauthenticated()
		}
		for _, p := range perms {
			if a.May(p) {
				return nil
			}
		}
		return notFound()
	}}
}

func kinds(allowed ...Kind) func(context.Context) error {
	return func(ctx context.Context) error {
		a := From(ctx)
		if !a.SignedIn() {
			return unauthenticated()
		}
		for _, k := range allowed {
			if a.Kind == k {
				return nil
			}
		}
		return notFound()
	}
}

func unauthenticated() error { return errs.New(errs.Unauthenticated, "identity.sign-in-first") }

// notFound is what a page that is not yours says: the same as a page that does not exist.
func notFound() error { return errs.NewNotFound("web.not-found") }
