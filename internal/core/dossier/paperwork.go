package dossier

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"sync"
	"time"

	"motcua/internal/core/document"
	"motcua/internal/core/form"
	"motcua/internal/core/org"
	"motcua/internal/core/register"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/fold"
)

// heads are the heads of paper of the two agencies of a dossier.
type letterheads struct{ receiving, competent document.Agency }

// letterhead makes the head of paper of an agency. A one-stop centre writes as a
// unit of the body above it; a department names the people's committee above it; a
// people's committee stands alone (NĐ 30/2020, Phụ lục I).
func letterhead(a org.Agency, line []org.Agency) document.Agency {
	out := document.Agency{Name: a.Name, ShortName: a.ShortName, Address: a.Address, Phone: a.Phone, Place: place(a, line)}
	var parent org.Agency
	for _, up := range line {
		if up.ID == a.ParentID {
			parent = up
		}
	}
	switch a.Kind {
	case org.KindCenter:
		if parent.ID != "" {
			out.Name, out.Unit = parent.Name, a.Name
		}
	case org.KindProvince, org.KindCommune:
	default:
		out.Parent = parent.Name
	}
	return out
}

// place is the địa danh before the date: the name of the unit the body governs,
// without its kind: "Ủy ban nhân dân phường Hồng Hà" writes from "Hồng Hà".
func place(a org.Agency, line []org.Agency) string {
	candidates := append([]org.Agency{a}, reversed(line)...)
	for _, c := range candidates {
		if name, ok := governed(c.Name); ok {
			return name
		}
	}
	return ""
}

func reversed(line []org.Agency) []org.Agency {
	out := make([]org.Agency, 0, len(line))
	for i := len(line) - 1; i >= 0; i-- {
		out = append(out, line[i])
	}
	return out
}

// governed reads the place out of the name of a people's committee.
func governed(name string) (string, bool) {
	words := strings.Fields(fold.NFC(name))
	keys := make([]string, len(words))
	for i, w := range words {
		keys[i] = fold.Key(w)
	}
	head := strings.Join(keys, " ")
	var skip int
	switch {
	case strings.HasPrefix(head, "uy ban nhan dan "):
		skip = 4
	case strings.HasPrefix(head, "ubnd "):
		skip = 1
	default:
		return "", false
	}
	rest, kinds := words[skip:], keys[skip:]
	for _, kind := range [][]string{{"thanh", "pho"}, {"dac", "khu"}, {"tinh"}, {"phuong"}, {"xa"}} {
		if len(kinds) > len(kind) && strings.Join(kinds[:len(kind)], " ") == strings.Join(kind, " ") {
			return strings.Join(rest[len(kind):], " "), true
		}
	}
	return strings.Join(rest, " "), len(rest) > 0
}

// heads reads the heads of paper of a matter's agencies.
func (s *Service) letterheads(ctx context.Context, m *matter) (letterheads, error) {
	line, err := s.Agencies.Ancestors(ctx, m.competent.ID)
	if err != nil {
		return letterheads{}, err
	}
	h := letterheads{competent: letterhead(m.competent, line)}
	h.receiving = h.competent
	if m.receiving.ID != m.competent.ID {
		if line, err = s.Agencies.Ancestors(ctx, m.receiving.ID); err != nil {
			return letterheads{}, err
		}
		h.receiving = letterhead(m.receiving, line)
	}
	return h, nil
}

func docParty(p Person) document.Party {
	return document.Party{
		Name: p.Name, CitizenNo: p.CitizenNo, TaxCode: p.TaxCode, Phone: p.Phone, Email: p.Email, Address: p.Address,
		Birth: p.Birth.String(), Gender: p.Gender, Kind: p.Kind,
	}
}

// paperKinds are the words of form 01 for how a paper was handed in.
var paperKinds = map[string]string{"original": "Bản chính", "copy": "Bản sao", "certified": "Bản sao chứng thực", "electronic": "Bản điện tử"}

// paperData is what a form 01-05 says. The times of the dossier are those after
// the act, so that the receipt names the due time it promises.
func (p *plan) paperData(kind document.Kind, reason string, until time.Time) document.Data {
	m := p.m
	d := document.Data{
		Owner: docParty(p.rec.Owner), Submitter: docParty(p.rec.Submitter), Reason: reason,
		Signer: document.Signer{Name: p.actorName(), Title: p.post.Title}, Submitted: p.rec.Channel == Online,
	}
	switch kind {
	case document.Receipt:
		d.Signer.Title = ""
		for _, paper := range m.papers {
			if !paper.Given {
				continue
			}
			d.Papers = append(d.Papers, document.PaperLine{Name: paper.Name, Kind: paperKinds[paper.Kind], Quantity: max(paper.Originals+paper.Copies, len(paper.Files), 1)})
		}
		d.Delivery = deliveryText(p.rec.Delivery, m.receiving.Name)
	case document.Supplement:
		d.Guidance, d.Round = "", p.rec.Run.Supplements
	case document.Extension:
		d.OldDue, d.NewDue = p.rec.DueAt, until
	case document.Stop:
		for _, paper := range m.papers {
			if paper.Given && paper.Originals > 0 {
				d.Papers = append(d.Papers, document.PaperLine{Name: paper.Name, Kind: paperKinds[paper.Kind], Quantity: paper.Originals})
			}
		}
		if p.rec.FeePaid > 0 {
			d.FeeNote = "Phí, lệ phí đã nộp được xử lý theo quy định về phí, lệ phí."
		}
	default: // nothing beside the reason
	}
	for _, f := range m.fees {
		amount := f.Amount
		if f.Exempt {
			amount = 0
		}
		d.Fees = append(d.Fees, document.FeeLine{Name: f.Name, Amount: amount, Paid: !f.PaidAt.IsZero() || p.paid != nil})
	}
	return d
}

// about names the dossier on a paper, as it stands after the act.
func (p *plan) about() document.About {
	def := p.m.comp.Version.Def
	out := document.About{
		Number: p.rec.Number, Procedure: def.Name.VI, Field: def.Field.VI, Title: p.rec.Title, Sets: p.rec.Sets,
		SubmittedAt: p.rec.SubmittedAt, ReceivedAt: p.rec.ReceivedAt, DueAt: p.rec.DueAt,
	}
	for _, ch := range def.Channels {
		if string(ch.Kind) == string(p.rec.Channel) {
			out.TermText = ch.TermText.VI
		}
	}
	return out
}

func deliveryText(d Delivery, agency string) string {
	switch d.By {
	case "post":
		return "Qua dịch vụ bưu chính công ích, địa chỉ: " + d.Address
	case "online":
		return "Trực tuyến (bản điện tử trong tài khoản của người nộp)"
	}
	return agency
}

// templateCache keeps the compiled templates of pinned versions: they never change.
type templateCache struct{ m sync.Map }

// template compiles the result template of a case; nil when it has none.
func (s *Service) template(m *matter) (*document.Template, error) {
	raw := m.comp.Template(m.rec.CaseID)
	if len(raw) == 0 {
		return nil, nil
	}
	key := m.comp.Version.ID + "|" + m.rec.CaseID
	if t, ok := s.templates.m.Load(key); ok {
		return t.(*document.Template), nil
	}
	def := &document.Definition{}
	if err := json.Unmarshal(raw, def); err != nil {
		return nil, fmt.Errorf("template of version %s: %w", m.comp.Version.ID, err)
	}
	t, err := document.Compile(def, document.Known{Vars: m.form.Vars()})
	if err != nil {
		return nil, fmt.Errorf("template of version %s: %w", m.comp.Version.ID, err)
	}
	s.templates.m.Store(key, t)
	return t, nil
}

// resultWish is the result ready to be issued in the transaction: everything but
// the number.
type resultWish struct {
	entry  *register.NewEntry // nil: the case has no register
	filled *document.Filled   // nil: the case has no template
	data   document.Data
}

// resultOf prepares the result of a plan.
func (s *Service) resultOf(ctx context.Context, p *plan, heads letterheads) (*resultWish, error) {
	m := p.m
	w := &resultWish{data: document.Data{
		Agency: heads.competent, Dossier: p.about(), Owner: docParty(p.rec.Owner), Submitter: docParty(p.rec.Submitter),
		Signer: document.Signer{Name: p.rec.Outcome.Name, Title: p.rec.Outcome.Title},
		Labels: labels(m.form),
	}}
	if w.data.Signer.Name == "" {
		w.data.Signer = document.Signer{Name: p.actorName(), Title: p.post.Title}
	}
	answers := m.form.Clean(m.answers, m.env())
	title := m.comp.Version.Def.Name.VI
	code := ""
	if results := m.comp.Version.Def.Results; len(results) > 0 {
		title, code = results[0].Name.VI, results[0].Code
	}
	t, err := s.template(m)
	if err != nil {
		return nil, err
	}
	if t != nil {
		title = t.Title().VI
		w.filled, err = t.Fill(ctx, document.Values{
			Answers: answers, Result: p.rec.Run.Result, Owner: w.data.Owner, Submitter: w.data.Submitter, Agency: heads.competent,
			Dossier: w.data.Dossier, Signer: w.data.Signer, Labels: w.data.Labels, Today: m.now,
		})
		if err != nil {
			return nil, fmt.Errorf("filling the result of %s: %w", p.rec.Number, err)
		}
	}
	if reg := m.comp.Register(m.rec.CaseID); reg != "" {
		w.entry = &register.NewEntry{
			Register: reg, AgencyID: m.competent.ID, AgencyPath: m.competent.Path, AgencyName: m.competent.Name, AgencyAbbr: register.Abbreviation(m.competent.Name),
			At: m.now, Answers: plainAnswers(answers), Result: typedResult(p.rec.Run.Result), Title: title, ResultCode: code, ProcedureCode: m.comp.Version.Code,
			DossierID: p.rec.ID, DossierNumber: p.rec.Number, Actor: p.actor.AccountID,
			Holders: []register.Holder{{Name: p.rec.Owner.Name, CitizenNo: p.rec.Owner.CitizenNo, TaxCode: p.rec.Owner.TaxCode, AccountID: p.rec.Owner.AccountID}},
		}
	}
	return w, nil
}

// typedResult leaves out what is not a field of the register.
func typedResult(result map[string]any) map[string]any {
	out := maps.Clone(result)
	delete(out, resultGiven)
	return out
}

// entryValues are what {entry.…} stands for on the paper.
func entryValues(e register.Entry) map[string]any {
	v := map[string]any{
		"number": e.Number, "date": e.IssuedOn.String(), "valid_from": e.ValidFrom.String(), "valid_to": e.ValidTo.String(),
		"register": e.RegisterName, "holder": e.Holder,
	}
	for k, x := range e.Data {
		if _, taken := v[k]; !taken {
			v[k] = x
		}
	}
	return v
}

// plainAnswers brings typed answers into the shapes JSON gives them.
func plainAnswers(a form.Answers) map[string]any {
	raw, err := json.Marshal(a)
	if err != nil {
		return map[string]any{}
	}
	out := map[string]any{}
	if json.Unmarshal(raw, &out) != nil {
		return map[string]any{}
	}
	return out
}

// labels maps "<field>=<value>" to the words of an option, for the choices of a
// form; fields of a group are "<group>.<field>=<value>".
func labels(f *form.Form) map[string]string {
	out := map[string]string{}
	var walk func(prefix string, fields []form.FieldDef)
	walk = func(prefix string, fields []form.FieldDef) {
		for _, fd := range fields {
			for _, o := range fd.Options {
				out[prefix+fd.ID+"="+o.Value] = o.Label.VI
			}
			if fd.OptionsFrom != "" {
				options, _ := form.List(fd.OptionsFrom)
				for _, o := range options {
					out[prefix+fd.ID+"="+o.Value] = o.Label.VI
				}
			}
			if len(fd.Fields) > 0 {
				walk(fd.ID+".", fd.Fields)
			}
		}
	}
	for _, st := range f.Definition().Steps {
		walk("", st.Fields)
	}
	return out
}

// today is the civil date of a moment in Vietnam.
func today(t time.Time) civil.Date { return civil.DateOf(t) }
