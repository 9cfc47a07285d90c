package dossier

import (
	"context"
	"slices"

	"motcua/internal/core/form"
	"motcua/internal/core/identity"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/ident"
)

// Self is the signed-in account as a party of a dossier.
func (s *Service) Self(ctx context.Context) Person {
	a := identity.From(ctx)
	p := Person{AccountID: a.AccountID, Kind: string(a.Kind), Name: a.Name, CitizenNo: a.CitizenNo, TaxCode: a.TaxCode}
	if !a.SignedIn() || a.Kind == identity.KindSystem {
		return p
	}
	acc, err := s.People.Lookup(ctx, a.AccountID)
	if err != nil {
		return p // what the session knows is enough to go on with
	}
	return fromAccount(acc)
}

func fromAccount(acc identity.Account) Person {
	return Person{
		AccountID: acc.ID, Kind: string(acc.Kind), Name: acc.Name, CitizenNo: acc.CitizenNo, TaxCode: acc.TaxCode,
		Phone: acc.Phone, Email: acc.Email, Address: acc.Address, Birth: acc.Birth, Gender: acc.Gender,
	}
}

// parties are who files and for whom.
type parties struct {
	owner, submitter Person
	proxy            string
}

// same reports whether two parties are one person: by number, or by name when
// neither has a number.
func same(a, b Person) bool {
	switch {
	case a.AccountID != "" && a.AccountID == b.AccountID:
		return true
	case a.CitizenNo != "" || b.CitizenNo != "":
		return a.CitizenNo == b.CitizenNo
	case a.TaxCode != "" || b.TaxCode != "":
		return a.TaxCode == b.TaxCode
	}
	return fold.Key(a.Name) == fold.Key(b.Name)
}

// settleParties decides who the owner is: the one named, else the one the form
// names, else the submitter; and fills what is known of them. named with neither
// name nor number is the submitter with other contacts.
func (s *Service) settleParties(ctx context.Context, f *form.Form, a form.Answers, named *Person, submitter Person, proxy string) parties {
	out := parties{submitter: submitter, proxy: proxy}
	switch {
	case named != nil && (named.Name != "" || named.CitizenNo != "" || named.TaxCode != ""):
		out.owner = *named
	default:
		out.owner = ownerFromForm(f, a)
		if out.owner.Name == "" && out.owner.CitizenNo == "" && out.owner.TaxCode == "" || proxy == NoProxy && submitter.Name != "" && !contradicts(out.owner, submitter) {
			out.owner = submitter
		}
		if named != nil {
			out.owner.Phone, out.owner.Email, out.owner.Address = or(named.Phone, out.owner.Phone), or(named.Email, out.owner.Email), or(named.Address, out.owner.Address)
		}
	}
	out.owner = tidy(out.owner)
	if same(out.owner, out.submitter) {
		out.proxy = NoProxy
		out.owner = merge(out.owner, out.submitter)
		return out
	}
	if out.owner.AccountID == "" {
		out.owner.AccountID = s.accountOf(ctx, out.owner)
	}
	return out
}

// contradicts reports whether the form names somebody else than the submitter.
func contradicts(owner, submitter Person) bool {
	if owner.CitizenNo != "" && submitter.CitizenNo != "" {
		return owner.CitizenNo != submitter.CitizenNo
	}
	if owner.TaxCode != "" && submitter.TaxCode != "" {
		return owner.TaxCode != submitter.TaxCode
	}
	return owner.CitizenNo != submitter.CitizenNo || owner.TaxCode != submitter.TaxCode || fold.Key(owner.Name) != fold.Key(submitter.Name)
}

func ownerFromForm(f *form.Form, a form.Answers) Person {
	if f == nil {
		return Person{}
	}
	m := f.Owner(a)
	p := Person{
		Kind: m["kind"], Name: m["name"], CitizenNo: m["citizen_no"], TaxCode: m["tax_code"], Phone: m["phone"],
		Email: m["email"], Address: m["address"], Gender: m["gender"],
	}
	if birth, err := civil.ParsePartial(m["birth"]); err == nil {
		p.Birth = birth
	}
	return p
}

// accountOf finds the account of a citizen, so that they see what is filed for
// them. An account nobody has ever checked does not count: anyone could have
// opened it under that number.
func (s *Service) accountOf(ctx context.Context, p Person) string {
	if p.CitizenNo == "" {
		return ""
	}
	acc, err := s.People.FindCitizen(ctx, p.CitizenNo)
	if err != nil || acc.State != identity.Active || acc.Assurance == identity.SelfDeclared || acc.Assurance == "" {
		return ""
	}
	return acc.ID
}

// tidy cleans what was typed of a person; numbers take their stored spelling.
func tidy(p Person) Person {
	p.Name, p.Email, p.Address = fold.Clean(p.Name), fold.Clean(p.Email), fold.Clean(p.Address)
	p.CitizenNo, p.TaxCode, p.Phone = fold.Clean(p.CitizenNo), fold.Clean(p.TaxCode), fold.Clean(p.Phone)
	if n, err := ident.ParseCitizenNumber(p.CitizenNo); err == nil {
		p.CitizenNo = string(n)
	}
	if n, err := ident.ParseTaxCode(p.TaxCode); err == nil {
		p.TaxCode = string(n)
	}
	if n, err := ident.ParsePhone(p.Phone); err == nil {
		p.Phone = string(n)
	}
	if p.Kind == "" {
		p.Kind = Citizen
		if p.CitizenNo == "" && p.TaxCode != "" {
			p.Kind = Organisation
		}
	}
	return p
}

func merge(p, known Person) Person {
	p.AccountID, p.Kind = or(p.AccountID, known.AccountID), or(p.Kind, known.Kind)
	p.Name, p.CitizenNo, p.TaxCode = or(p.Name, known.Name), or(p.CitizenNo, known.CitizenNo), or(p.TaxCode, known.TaxCode)
	p.Phone, p.Email, p.Address, p.Gender = or(p.Phone, known.Phone), or(p.Email, known.Email), or(p.Address, known.Address), or(p.Gender, known.Gender)
	if p.Birth.IsZero() {
		p.Birth = known.Birth
	}
	return p
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}

// proxies are the kinds of authority a submitter may claim.
var proxies = []string{NoProxy, Authorised, Guardian, Relative, Employee, CounterIntake}

// check judges the parties. The owner needs a name, and a number unless somebody
// acts for one who has none yet (a newborn has no number). A submitter who is not
// the owner says by which right.
func (p parties) check(paperGiven func(code string) bool) []errs.Field {
	var bad []errs.Field
	o := p.owner
	if o.Name == "" {
		bad = append(bad, errs.Bad("owner.name", "dossier.owner-name"))
	}
	if len(o.Name) > 255 {
		bad = append(bad, errs.Bad("owner.name", "dossier.too-long"))
	}
	actsFor := p.proxy == Guardian || p.proxy == Relative
	if o.CitizenNo == "" && o.TaxCode == "" && !actsFor {
		bad = append(bad, errs.Bad("owner.citizen_no", "dossier.owner-number"))
	}
	if o.CitizenNo != "" && o.Kind != Foreigner {
		if _, err := ident.ParseCitizenNumber(o.CitizenNo); err != nil {
			if _, old := ident.ParseOldIDNumber(o.CitizenNo); old != nil {
				bad = append(bad, ident.Field("owner.citizen_no", err))
			}
		}
	}
	if o.TaxCode != "" {
		if _, err := ident.ParseTaxCode(o.TaxCode); err != nil {
			bad = append(bad, ident.Field("owner.tax_code", err))
		}
	}
	if o.Phone != "" {
		if _, err := ident.ParsePhone(o.Phone); err != nil {
			bad = append(bad, ident.Field("owner.phone", err))
		}
	}
	if o.Email != "" {
		if _, err := ident.ParseEmail(o.Email); err != nil {
			bad = append(bad, ident.Field("owner.email", err))
		}
	}
	switch {
	case !slices.Contains(proxies, p.proxy):
		bad = append(bad, errs.Bad("proxy", "dossier.proxy-unknown"))
	case same(p.owner, p.submitter):
	case p.proxy == NoProxy:
		bad = append(bad, errs.Bad("proxy", "dossier.proxy-required"))
	case p.proxy == Authorised && paperGiven != nil && !paperGiven(ProxyPaper):
		bad = append(bad, errs.Bad("papers."+ProxyPaper, "dossier.proxy-paper"))
	}
	return bad
}
