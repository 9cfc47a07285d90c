package identity

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

// NavRule is an entry of the navigation and who sees it.
type NavRule struct {
	Item   web.NavItem
	Access web.Access
	Kinds  []Kind // only these; none means all
}

// The cookies. With https the browser itself refuses a session cookie that
// another host or a plain connection tries to plant (__Host-).
const (
	plainSessionCookie = "motcua_phien"
	httpsSessionCookie = "__Host-motcua_phien"
	deviceCookie       = "motcua_tb"
	deviceAge          = 180 * 24 * time.Hour
)

func (s *Service) sessionCookie() string {
	if s.opts.HTTPS {
		return httpsSessionCookie
	}
	return plainSessionCookie
}

// Middleware finds out who is asking: a session cookie or an API token
// (Authorization: Bearer). It puts the [Actor] and the viewer of the page into
// the context. It belongs into web.Options.Middleware, before anything that asks who acts.
//
// A token that is not good is refused at once: a program must not go on as a visitor.
func (s *Service) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, err := s.recognise(w, r)
		if err != nil {
			web.Fail(w, r, err)
			return
		}
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Service) recognise(w http.ResponseWriter, r *http.Request) (context.Context, error) {
	ctx := r.Context()
	if h := r.Header.Get("Authorization"); h != "" {
		key, ok := bearer(h)
		if !ok {
			return nil, errs.New(errs.Unauthenticated, "identity.token-refused")
		}
		v, err := s.byToken(ctx, key)
		if err != nil {
			return nil, err
		}
		return s.admit(ctx, v, "token")
	}
	secret := s.sessionSecret(r)
	if secret == "" {
		return s.visitor(ctx, ""), nil
	}
	v, found, err := s.bySession(ctx, secret)
	if err != nil {
		return nil, err
	}
	if !found {
		s.clearCookie(w, s.sessionCookie())
		return s.visitor(ctx, ""), nil
	}
	if v.expired {
		return s.visitor(ctx, v.account.ID), nil
	}
	if err := s.touch(ctx, v); err != nil {
		return nil, err
	}
	return s.admit(ctx, v, "session")
}

// sessionSecret is the value of the session cookie, "" when there is none that could be one.
func (s *Service) sessionSecret(r *http.Request) string {
	if c, err := r.Cookie(s.sessionCookie()); err == nil && len(c.Value) <= 200 {
		return c.Value
	}
	return ""
}

func bearer(header string) (string, bool) {
	scheme, key, ok := strings.Cut(header, " ")
	return strings.TrimSpace(key), ok && strings.EqualFold(scheme, "Bearer")
}

// visitor is nobody, with the navigation that anybody sees.
func (s *Service) visitor(ctx context.Context, prior string) context.Context {
	ctx = context.WithValue(With(ctx, Actor{}), sessionKey, current{priors: prior})
	return web.WithViewer(ctx, web.Viewer{Nav: s.nav(ctx, Actor{})})
}

func (s *Service) admit(ctx context.Context, v visit, via string) (context.Context, error) {
	actor, err := s.actorOf(ctx, v.account, via)
	if err != nil {
		return nil, err
	}
	web.SetActor(ctx, actor.AccountID)
	ctx = context.WithValue(With(ctx, actor), sessionKey, current{id: v.sessionID})
	viewer := web.Viewer{SignedIn: true, Name: actor.Name, Kind: string(actor.Kind)}
	if len(actor.Posts) > 0 {
		viewer.Agency, viewer.Post = actor.Posts[0].AgencyName, actor.Posts[0].Title
	}
	return web.WithViewerLater(ctx, viewer, func(ctx context.Context, v *web.Viewer) {
		v.Nav = s.nav(ctx, actor)
		if s.opts.Decorate != nil {
			s.opts.Decorate(ctx, actor, v)
		}
	}), nil
}

func (s *Service) nav(ctx context.Context, a Actor) []web.NavItem {
	var items []web.NavItem
	for _, rule := range s.opts.Nav {
		if len(rule.Kinds) > 0 && !slices.Contains(rule.Kinds, a.Kind) {
			continue
		}
		if rule.Access.Check == nil || rule.Access.Check(ctx) != nil {
			continue
		}
		items = append(items, rule.Item)
	}
	return items
}

// ClientOf gathers from a request what SignIn needs.
func (s *Service) ClientOf(r *http.Request) Client {
	c := Client{Address: web.ClientIP(r), Agent: r.UserAgent(), Session: s.sessionSecret(r)}
	if k, err := r.Cookie(deviceCookie); err == nil {
		c.Device = k.Value
	}
	return c
}

// Keep gives the browser its new session.
func (s *Service) Keep(w http.ResponseWriter, in SignedInSession) {
	// A session cookie without end of its own: the server decides, and a browser that
	// is closed on a shared machine forgets it.
	http.SetCookie(w, &http.Cookie{
		Name: s.sessionCookie(), Value: in.Secret, Path: "/", HttpOnly: true, Secure: s.opts.HTTPS, SameSite: http.SameSiteLaxMode,
	})
	http.SetCookie(w, &http.Cookie{
		Name: deviceCookie, Value: in.Device, Path: "/", MaxAge: int(deviceAge / time.Second),
		HttpOnly: true, Secure: s.opts.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}

// SignOut ends the session of the request and clears its cookie.
func (s *Service) SignOut(ctx context.Context, w http.ResponseWriter) error {
	s.clearCookie(w, s.sessionCookie())
	session := sessionOf(ctx)
	if session == "" || From(ctx).Via != "session" {
		return nil
	}
	err := s.EndSession(ctx, session)
	if errs.Is(err, errs.NotFound) {
		return nil // it ended elsewhere meanwhile
	}
	return err
}

func (s *Service) clearCookie(w http.ResponseWriter, name string) {
	http.SetCookie(w, &http.Cookie{Name: name, Path: "/", MaxAge: -1, HttpOnly: true, Secure: s.opts.HTTPS, SameSite: http.SameSiteLaxMode})
}
