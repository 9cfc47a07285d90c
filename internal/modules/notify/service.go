package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

// Dossiers is what this module asks about dossiers, inside the transaction that
// handles an event.
type Dossiers interface {
	Subject(ctx context.Context, r sqldb.Reader, dossierID string) (Subject, error)
}

// Accounts is what it asks about people.
type Accounts interface {
	Lookup(ctx context.Context, accountID string) (identity.Account, error)
}

// Sender hands an e-mail to a mail server. Nil means that no server is set.
type Sender interface {
	Send(ctx context.Context, m Mail) error
}

// Mail is one e-mail in plain text.
type Mail struct {
	To, Subject, Body string
	Key               string // the same for every try of the same e-mail; becomes the Message-ID
}

// Deps is what the module needs.
type Deps struct {
	DB        *sqldb.DB
	Jobs      *job.Queue
	Dossiers  Dossiers
	Accounts  Accounts
	Sender    Sender
	Bundle    func() *i18n.Bundle // the words of the house, known once it is assembled
	PublicURL string
	Now       func() time.Time
	Log       *slog.Logger
}

// Service makes, lists and sends notices.
type Service struct{ Deps }

// New makes the module's service.
func New(d Deps) *Service {
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Log == nil {
		d.Log = slog.Default()
	}
	return &Service{d}
}

// handedOver says that a decree took a dossier to another agency.
const handedOver = "dossier.handed-over"

// moved reports whether another agency decides now: a counter that changed, or a task,
// is nothing to write to people about.
func moved(e journal.Event) (bool, error) {
	var data struct {
		From string `json:"from_competent"`
	}
	err := json.Unmarshal(e.Data, &data)
	return data.From != "", err
}

// told are the events that people are told about. Everything else stands in the
// timeline, for those who look.
func told() []string {
	return []string{
		"dossier.submitted", "dossier.received", "dossier.refused", "dossier.supplement-requested", "dossier.supplement-expired",
		"dossier.fee-asked", "dossier.extended", "dossier.stopped", "dossier.finished", "dossier.returned", "dossier.withdrawn", "dossier.reminded", handedOver,
	}
}

// follow turns one event into notices and the jobs that mail them.
func (s *Service) follow(ctx context.Context, tx *sqldb.Tx, e journal.Event) error {
	dossierID, ok := strings.CutPrefix(e.Stream, "dossier:")
	if !ok {
		return nil
	}
	if e.Type == handedOver {
		if other, err := moved(e); err != nil || !other {
			return err
		}
	}
	about, err := s.Dossiers.Subject(ctx, tx, dossierID)
	if errors.Is(err, sqldb.ErrNotFound) || errs.Is(err, errs.NotFound) {
		return nil // erased since, as the law asked
	}
	if err != nil {
		return err
	}
	slices.Sort(about.Accounts)
	for _, account := range slices.Compact(about.Accounts) {
		n := Notice{
			ID: id.New(), EventID: e.ID, AccountID: account, At: e.At, Kind: strings.TrimPrefix(e.Type, "dossier."),
			Number: about.Number, Title: about.Title, Agency: about.Agency, DueAt: about.DueAt,
		}
		fresh, err := insert(ctx, tx, n)
		if err != nil {
			return err
		}
		if fresh && s.Sender != nil {
			if err := s.Jobs.Enqueue(ctx, tx, mailJob, mailPayload{Notice: n.ID}, job.Key(n.ID)); err != nil {
				return err
			}
		}
	}
	if s.Sender == nil {
		return nil
	}
	for _, to := range about.Emails {
		p := mailPayload{To: to, Event: e.ID, Kind: strings.TrimPrefix(e.Type, "dossier."), About: &about}
		if err := s.Jobs.Enqueue(ctx, tx, mailJob, p, job.Key(e.ID+"/"+to)); err != nil {
			return err
		}
	}
	return nil
}

const mailJob = "notify.mail"

// mailPayload names the notice to mail, or, for people without an account, says
// all of it.
type mailPayload struct {
	Notice string   `json:"notice,omitempty"`
	To     string   `json:"to,omitempty"`
	Event  string   `json:"event,omitempty"`
	Kind   string   `json:"kind,omitempty"`
	About  *Subject `json:"about,omitempty"`
}

// mail sends one e-mail. A person without an address is told on the site only.
func (s *Service) mail(ctx context.Context, payload json.RawMessage) error {
	var p mailPayload
	if err := json.Unmarshal(payload, &p); err != nil {
		return job.Permanent(err)
	}
	to, lang, key := p.To, i18n.VI, p.Event
	n := Notice{Kind: p.Kind}
	if p.About != nil {
		n.Number, n.Title, n.Agency, n.DueAt = p.About.Number, p.About.Title, p.About.Agency, p.About.DueAt
	}
	if p.Notice != "" {
		var err error
		if n, err = byID(ctx, s.DB, p.Notice); errors.Is(err, sqldb.ErrNotFound) {
			return nil
		} else if err != nil {
			return err
		}
		a, err := s.Accounts.Lookup(ctx, n.AccountID)
		if errs.Is(err, errs.NotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		to, lang, key = a.Email, a.Lang, n.ID
	}
	if to == "" || s.Sender == nil {
		return nil
	}
	ctx = i18n.WithLang(i18n.WithBundle(ctx, s.Bundle()), lang)
	return s.Sender.Send(ctx, Mail{To: to, Key: key, Subject: i18n.T(ctx, "notify.mail.subject", "number", n.Number, "what", i18n.T(ctx, "notify.short."+n.Kind)), Body: s.letter(ctx, n)})
}

// letter is the text of an e-mail: what happened, what to do, where to look.
func (s *Service) letter(ctx context.Context, n Notice) string {
	return strings.Join([]string{
		i18n.T(ctx, "notify.mail.greeting"),
		Sentence(ctx, n),
		i18n.T(ctx, "notify.mail.look", "url", s.PublicURL+"/tra-cuu/"+n.Number),
		i18n.T(ctx, "notify.mail.end"),
	}, "\n\n") + "\n"
}

// Sentence says what a notice has to say, in the reader's language.
func Sentence(ctx context.Context, n Notice) string {
	return i18n.T(ctx, "notify."+n.Kind, "number", n.Number, "title", n.Title, "agency", n.Agency, "due", i18n.DateTime(ctx, n.DueAt))
}

// Mine lists the notices of whoever acts, newest first.
func (s *Service) Mine(ctx context.Context, after string, limit int) ([]Notice, error) {
	return list(ctx, s.DB, identity.From(ctx).AccountID, after, limit)
}

// Unread counts the unread notices of an account.
func (s *Service) Unread(ctx context.Context, accountID string) (int, error) {
	return unread(ctx, s.DB, accountID)
}

// ReadAll marks every notice of whoever acts as read.
func (s *Service) ReadAll(ctx context.Context) error {
	account := identity.From(ctx).AccountID
	return s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `UPDATE notify_notice SET read_at = $1 WHERE account_id = $2 AND read_at IS NULL`, sqldb.Millis(s.Now()), account)
		return err
	})
}

// sweep drops notices older than two years.
func (s *Service) sweep(ctx context.Context) error {
	before := s.Now().AddDate(-2, 0, 0)
	for {
		var n int64
		if err := s.DB.Tx(ctx, func(tx *sqldb.Tx) error {
			var err error
			n, err = tx.Exec(ctx, `DELETE FROM notify_notice WHERE id IN (SELECT id FROM notify_notice WHERE at < $1 LIMIT 1000)`, sqldb.Millis(before))
			return err
		}); err != nil {
			return fmt.Errorf("dropping old notices: %w", err)
		}
		if n < 1000 {
			return nil
		}
	}
}
