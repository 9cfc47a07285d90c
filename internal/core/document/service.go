package document

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
	"motcua/internal/platform/id"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Files is what the room needs of the blob store; *blob.Files is one.
type Files interface {
	SaveOnce(ctx context.Context, name, owner, key string, r io.Reader) (blob.File, error)
	Claim(ctx context.Context, tx *sqldb.Tx, stream string, fileIDs ...string) error
	OpenFile(ctx context.Context, id string) (blob.File, blob.Content, error)
}

// Options tune a Service.
type Options struct {
	// Base is the public address of the site, "https://motcua.tinh.gov.vn", for the
	// codes printed on papers. "" leaves the codes out.
	Base string
	// TrackPath and VerifyPath are the pages that the codes open; the number or the
	// code is added, escaped. Defaults: "/tra-cuu?ma=" and "/kiem-tra/".
	TrackPath, VerifyPath string
	// Now is the clock; default time.Now.
	Now func() time.Time
}

// Service issues papers. It is safe for concurrent use.
type Service struct {
	db      *sqldb.DB
	files   Files
	jobs    *job.Queue
	journal *journal.Journal
	opt     Options
}

// New makes the service.
func New(db *sqldb.DB, files Files, jobs *job.Queue, j *journal.Journal, opt Options) *Service {
	if opt.TrackPath == "" {
		opt.TrackPath = "/tra-cuu?ma="
	}
	if opt.VerifyPath == "" {
		opt.VerifyPath = "/kiem-tra/"
	}
	if opt.Now == nil {
		opt.Now = time.Now
	}
	opt.Base = strings.TrimSuffix(opt.Base, "/")
	return &Service{db: db, files: files, jobs: jobs, journal: j, opt: opt}
}

// Paper asks for one paper.
type Paper struct {
	Kind          Kind
	AgencyID      string
	DossierID     string
	DossierNumber string
	EntryID       string
	At            time.Time
	Data          Data
	Filled        *Filled // kind Result: the filled template
	Number        string  // kind Result: the entry's number; the forms are numbered here
}

// stored is what a queued paper keeps until it is drawn.
type stored struct {
	Data   Data    `json:"data"`
	Filled *Filled `json:"filled,omitempty"`
}

const renderJob = "document.render"

type renderPayload struct {
	ID string `json:"id"`
}

// Issue gives the paper its number and keeps what it says, in the caller's
// transaction; a job draws it after the commit, unless ctx says [OnDemand].
func (s *Service) Issue(ctx context.Context, tx *sqldb.Tx, p Paper) (Issued, error) {
	out := Issued{
		ID: id.New(), Kind: p.Kind, Name: p.Kind.Name(), Number: p.Number, AgencyID: p.AgencyID, AgencyName: p.Data.Agency.Name,
		DossierID: p.DossierID, DossierNumber: p.DossierNumber, EntryID: p.EntryID, State: Queued, VerifyCode: id.Public(10),
		IssuedAt: sqldb.Time(sqldb.Millis(p.At)),
	}
	var series string
	var year int
	var seq int64
	if p.Kind == Result {
		if p.Filled == nil {
			return Issued{}, errors.New("document: a result needs a filled template")
		}
		out.Name = p.Filled.Title
		series = "result"
	} else {
		f, ok := formOf(p.Kind)
		if !ok || f.notation == "" {
			return Issued{}, fmt.Errorf("document: kind %q is not issued", p.Kind)
		}
		series, year = f.notation, civil.DateOf(p.At).Year()
		n, err := nextNumber(ctx, tx, p.AgencyID, series, year)
		if err != nil {
			return Issued{}, err
		}
		seq = n
		out.Number = fmt.Sprintf("%02d/%s", n, f.notation)
	}
	if err := insertPaper(ctx, tx, out, series, year, seq, stored{Data: p.Data, Filled: p.Filled}); err != nil {
		return Issued{}, err
	}
	if onDemand(ctx) {
		return out, nil
	}
	return out, s.jobs.Enqueue(ctx, tx, renderJob, renderPayload{ID: out.ID}, job.Key(out.ID), job.GivingWay())
}

// Get returns a paper. Who may see it is the caller's rule.
func (s *Service) Get(ctx context.Context, paperID string) (Issued, error) {
	return paperByID(ctx, s.db, paperID)
}

// OfDossier returns the papers of a dossier, oldest first.
func (s *Service) OfDossier(ctx context.Context, r sqldb.Reader, dossierID string) ([]Issued, error) {
	return papersOf(ctx, r, dossierID)
}

// Open returns the PDF of a paper, drawing it first when the job has not come to
// it yet. Who may see it is the caller's rule.
func (s *Service) Open(ctx context.Context, paperID string) (Issued, []byte, error) {
	p, err := paperByID(ctx, s.db, paperID)
	if err != nil {
		return Issued{}, nil, err
	}
	if p.FileID == "" {
		if err := s.render(ctx, paperID); err != nil {
			return Issued{}, nil, err
		}
		if p, err = paperByID(ctx, s.db, paperID); err != nil {
			return Issued{}, nil, err
		}
	}
	_, c, err := s.files.OpenFile(ctx, p.FileID)
	if err != nil {
		return Issued{}, nil, err
	}
	raw, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		return Issued{}, nil, err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != p.Hash {
		return Issued{}, nil, errs.New(errs.Internal, "document.altered").Because(fmt.Errorf("paper %s does not have its hash", p.ID))
	}
	return p, raw, nil
}

// FileName is a name for the download: "giay-khai-sinh-12-2026.pdf".
func (p Issued) FileName() string {
	name := p.Name
	if p.Number != "" {
		name += " " + p.Number
	}
	return strings.Join(fold.Tokens(strings.NewReplacer("/", " ", "-", " ", ".", " ").Replace(name)), "-") + ".pdf"
}

// Print draws a form that takes no number of its own: 06 and 07, or any other as
// a preview. Nothing is kept.
func (s *Service) Print(kind Kind, data Data, at time.Time) ([]byte, error) {
	return draw(kind, page{Data: data, at: at, track: s.track(data.Dossier.Number), where: s.where()})
}

// render draws a queued paper and keeps its PDF. A second run finds it done.
func (s *Service) render(ctx context.Context, paperID string) error {
	p, err := paperByID(ctx, s.db, paperID)
	if err != nil {
		return err
	}
	if p.FileID != "" {
		return nil
	}
	d, err := loadData(ctx, s.db, paperID)
	if errors.Is(err, sqldb.ErrNotFound) {
		return nil // drawn while we looked
	}
	if err != nil {
		return err
	}
	pg := page{Data: d.Data, number: p.Number, at: p.IssuedAt, code: p.VerifyCode, where: s.where()}
	var raw []byte
	if p.Kind == Result {
		pg.track = s.verifyURL(p.VerifyCode)
		raw, err = drawResult(d.Filled, pg)
	} else {
		pg.track = s.track(p.DossierNumber)
		raw, err = draw(p.Kind, pg)
	}
	if err != nil {
		return err
	}
	f, err := s.files.SaveOnce(ctx, p.FileName(), "document", p.ID, bytes.NewReader(raw))
	if err != nil {
		return err
	}
	p.FileID, p.Hash, p.Size, p.ReadyAt = f.ID, f.Hash, f.Size, s.opt.Now()
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		first, err := markReady(ctx, tx, p)
		if err != nil || !first {
			return err
		}
		if err := s.files.Claim(ctx, tx, "document:"+p.ID, p.FileID); err != nil {
			return err
		}
		// The hash in the sealed journal is what makes the paper unchangeable.
		data, err := json.Marshal(map[string]any{"kind": p.Kind, "dossier": p.DossierID, "hash": p.Hash, "size": p.Size})
		if err != nil {
			return err
		}
		_, err = s.journal.Append(ctx, tx, journal.Event{Stream: "document:" + p.ID, Type: "document.ready", At: p.ReadyAt, Data: data})
		return err
	})
}

// Revoke cancels a paper; it and its number stay visible.
func (s *Service) Revoke(ctx context.Context, tx *sqldb.Tx, paperID, actor, reason string) error {
	now := s.opt.Now()
	n, err := tx.Exec(ctx, `UPDATE document_paper SET state = 'revoked', revoked_at = $1, revoked_why = $2 WHERE id = $3 AND state <> 'revoked'`,
		sqldb.Millis(now), reason, paperID)
	if err != nil || n == 0 {
		return err
	}
	_, err = s.journal.Append(ctx, tx, journal.Event{Stream: "document:" + paperID, Type: "document.revoked", At: now, Actor: actor})
	return err
}

// Verify says what a verification code proves. Small and capital letters, spaces
// and hyphens do not matter; O is read as 0, I and L as 1.
func (s *Service) Verify(ctx context.Context, code string) (Verification, error) {
	p, err := paperByCode(ctx, s.db, cleanCode(code))
	if err != nil {
		return Verification{}, err
	}
	return Verification{Kind: p.Kind, Name: p.Name, Number: p.Number, Agency: p.AgencyName, IssuedAt: p.IssuedAt, State: p.State, Hash: p.Hash, EntryID: p.EntryID}, nil
}

// Matches reports whether the bytes of r are exactly the paper with this code.
func (s *Service) Matches(ctx context.Context, code string, r io.Reader) (bool, error) {
	p, err := paperByCode(ctx, s.db, cleanCode(code))
	if err != nil {
		return false, err
	}
	h := sha256.New()
	if _, err := io.Copy(h, r); err != nil {
		return false, err
	}
	return p.Hash != "" && hex.EncodeToString(h.Sum(nil)) == p.Hash, nil
}

func cleanCode(code string) string {
	code = strings.ToUpper(code)
	return strings.NewReplacer(" ", "", "-", "", "O", "0", "I", "1", "L", "1").Replace(code)
}

func (s *Service) track(number string) string {
	if s.opt.Base == "" || number == "" {
		return ""
	}
	return s.opt.Base + s.opt.TrackPath + url.QueryEscape(number)
}

func (s *Service) verifyURL(code string) string {
	if s.opt.Base == "" {
		return ""
	}
	return s.opt.Base + s.opt.VerifyPath + url.PathEscape(code)
}

// where is the address of the checking page as people read it.
func (s *Service) where() string {
	if s.opt.Base == "" {
		return ""
	}
	_, host, _ := strings.Cut(s.opt.Base, "://")
	return host + strings.TrimSuffix(s.opt.VerifyPath, "/")
}
