package app

import (
	"context"
	"slices"
	"strings"

	"motcua/internal/core/document"
	"motcua/internal/core/dossier"
	"motcua/internal/core/identity"
	"motcua/internal/core/org"
	"motcua/internal/core/procedure"
	"motcua/internal/modules/desk"
	"motcua/internal/modules/notify"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// What one room needs of another and neither should know: small adapters.

// homeOf is where somebody lands after signing in.
func homeOf(a identity.Actor) string {
	switch a.Kind {
	case identity.KindStaff:
		switch {
		case worksOnDossiers(a):
			return "/xu-ly"
		case a.May(identity.AuditRead):
			return "/quan-tri/nhat-ky"
		default:
			return "/quan-tri"
		}
	case identity.KindCitizen, identity.KindOrganisation:
		return "/ho-so"
	default:
		return "/"
	}
}

// worksOnDossiers tells those with a desk from those who only run the house.
func worksOnDossiers(a identity.Actor) bool {
	return slices.ContainsFunc(desk.Readers(), a.May)
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

// nothingOpen refuses to close an agency that still has work.
func nothingOpen(ctx context.Context, r sqldb.Reader, dossiers *dossier.Service, a org.Agency) error {
	n, err := dossiers.OpenAt(ctx, r, a.ID)
	if err == nil && n > 0 {
		return errs.NewConflict("app.agency-has-dossiers", "n", n)
	}
	return err
}

// subjects tells notices about dossiers.
type subjects struct{ dossiers *dossier.Service }

func (s subjects) Subject(ctx context.Context, r sqldb.Reader, dossierID string) (notify.Subject, error) {
	about, err := s.dossiers.Subject(ctx, r, dossierID)
	return notify.Subject(about), err
}

// papers says who may read a file that something holds: whoever may read one of
// the things. Those rooms journal the read.
type papers struct {
	dossiers  *dossier.Service
	documents *document.Service
}

func (p papers) MayRead(ctx context.Context, file blob.File, streams []string) error {
	for _, s := range streams {
		what, key, _ := strings.Cut(s, ":")
		var err error
		switch what {
		case "dossier":
			// Who may open the dossier may not open all in it: staff attach papers for colleagues.
			if _, err = p.dossiers.PaperFile(ctx, key, file.ID); err == nil {
				_, err = p.dossiers.Get(ctx, key, "file")
			}
		case "draft":
			_, err = p.dossiers.Draft(ctx, key)
		case "document":
			var d document.Issued
			var in dossier.Detail
			if d, err = p.documents.Get(ctx, key); err == nil {
				in, err = p.dossiers.Get(ctx, d.DossierID, "file")
			}
			if err == nil && !slices.ContainsFunc(in.Documents, func(r dossier.DocumentRef) bool { return r.ID == d.ID }) {
				err = errs.NewNotFound("file.not-found") // control sheets are not for citizens
			}
		default:
			continue
		}
		if err == nil || !errs.Is(err, errs.NotFound) {
			return err
		}
	}
	return errs.NewNotFound("file.not-found")
}

// publicNames are the names behind codes of procedures and agencies.
type publicNames struct {
	procedures *procedure.Service
	agencies   *org.Service
}

func (n publicNames) Procedure(ctx context.Context, code, lang string) string {
	v, err := n.procedures.Get(ctx, code, civil.Date{})
	if err != nil {
		return "" // a name is a courtesy: without one the code is still explained
	}
	return v.Def.Name.Lang(lang)
}

func (n publicNames) Agency(ctx context.Context, id string) string {
	a, err := n.agencies.AgencyByCode(ctx, id)
	if err != nil {
		return ""
	}
	return a.Name
}
