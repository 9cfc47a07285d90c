package notify

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

type dossiers struct{ subject Subject }

func (d dossiers) Subject(context.Context, sqldb.Reader, string) (Subject, error) {
	return d.subject, nil
}

type accounts map[string]identity.Account

func (a accounts) Lookup(_ context.Context, id string) (identity.Account, error) {
	if acc, ok := a[id]; ok {
		return acc, nil
	}
	return identity.Account{}, errs.NewNotFound("identity.unknown")
}

// mailbox is a real SMTP server that keeps what it is sent, and refuses the first
// message to each recipient when it is told to be difficult.
type mailbox struct {
	mu        sync.Mutex
	difficult bool
	refused   map[string]bool
	mails     []string
	arrived   chan string
}

func (m *mailbox) NewSession(*smtp.Conn) (smtp.Session, error) { return &session{box: m}, nil }

type session struct {
	box *mailbox
	to  string
}

func (s *session) Reset()                               {}
func (s *session) Logout() error                        { return nil }
func (s *session) Mail(string, *smtp.MailOptions) error { return nil }
func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	if s.box.difficult && !s.box.refused[to] {
		s.box.refused[to] = true
		return &smtp.SMTPError{Code: 451, Message: "try again later"}
	}
	return nil
}

func (s *session) Data(r io.Reader) error {
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.box.mu.Lock()
	s.box.mails = append(s.box.mails, string(b))
	s.box.mu.Unlock()
	s.box.arrived <- s.to
	return nil
}

func startMailbox(t *testing.T, difficult bool) (*mailbox, SMTP) {
	t.Helper()
	box := &mailbox{difficult: difficult, refused: map[string]bool{}, arrived: make(chan string, 16)}
	server := smtp.NewServer(box)
	server.Domain = "localhost"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return box, SMTP{Host: "127.0.0.1", Port: listener.Addr().(*net.TCPAddr).Port, From: "Một cửa <motcua@anbinh.example>", TLS: "none"}
}

func TestAnEventIsToldOnceOnTheSiteAndByMail(t *testing.T) {
	sqldbtest.Each(t, []sqldb.Line{job.Line(), Line()}, func(t *testing.T, db *sqldb.DB) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		box, server := startMailbox(t, true)
		bundle, err := i18n.New(locales)
		if err != nil {
			t.Fatal(err)
		}
		queue := job.New(db, job.Options{Poll: 20 * time.Millisecond})
		due := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
		s := New(Deps{
			DB: db, Jobs: queue, Sender: server, PublicURL: "https://motcua.example", Bundle: func() *i18n.Bundle { return bundle },
			Dossiers: dossiers{Subject{Number: "H64.31-261122-0001", Title: "Đăng ký khai sinh", Agency: "UBND phường Bình Minh", DueAt: due, Accounts: []string{"lan", "lan", "hai"}, Emails: []string{"ong@congdan.example"}}},
			Accounts: accounts{"lan": {ID: "lan", Email: "lan@congdan.example", Lang: "vi"}, "hai": {ID: "hai", Email: "hai@congdan.example", Lang: "en"}},
		})
		module := s.Module()
		// The same event handled twice, as after a crash, tells nobody twice.
		event := journal.Event{ID: "e1", Stream: "dossier:d1", Type: "dossier.received", At: due.Add(-48 * time.Hour)}
		for range 2 {
			if err := db.Tx(ctx, func(tx *sqldb.Tx) error { return module.Subscribers[0].Handle(ctx, tx, event) }); err != nil {
				t.Fatal(err)
			}
		}
		// Jobs refused by the difficult server are tried again; the queue's clock is
		// advanced rather than waited for.
		var wg sync.WaitGroup
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = db.Tx(ctx, func(tx *sqldb.Tx) error {
					_, err := tx.Exec(ctx, `UPDATE job_task SET run_at = 0 WHERE state = 'ready'`)
					return err
				})
				time.Sleep(20 * time.Millisecond)
			}
		})
		wg.Go(func() { _ = queue.Run(ctx, module.Jobs, nil) })
		got := map[string]int{}
		for len(got) < 3 {
			select {
			case to := <-box.arrived:
				got[to]++
			case <-time.After(20 * time.Second):
				t.Fatalf("mails arrived for %v, want three people", got)
			}
		}
		cancel()
		wg.Wait()
		for _, to := range []string{"lan@congdan.example", "hai@congdan.example", "ong@congdan.example"} {
			if got[to] != 1 {
				t.Errorf("%s got %d mails, want 1", to, got[to])
			}
		}
		reader := identity.With(context.Background(), identity.Actor{AccountID: "lan", Kind: identity.KindCitizen})
		notices, err := s.Mine(reader, "", 10)
		if err != nil {
			t.Fatal(err)
		}
		if len(notices) != 1 || !notices[0].ReadAt.IsZero() {
			t.Fatalf("Lan has notices %+v, want one unread", notices)
		}
		vi := i18n.WithLang(i18n.WithBundle(reader, bundle), "vi")
		if text := Sentence(vi, notices[0]); !strings.Contains(text, "17:00 ngày 24/11/2026") || !strings.Contains(text, "đã tiếp nhận") {
			t.Errorf("the notice says %q", text)
		}
		if err := s.ReadAll(reader); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Unread(reader, "lan"); err != nil || n != 0 {
			t.Errorf("unread = %d, %v after reading all", n, err)
		}
		if n, err := s.Unread(reader, "hai"); err != nil || n != 1 {
			t.Errorf("Lan's reading changed Hai's: unread = %d, %v", n, err)
		}
		if older, err := s.Mine(reader, notices[0].ID, 10); err != nil || len(older) != 0 {
			t.Errorf("after the only notice: %v, %v", older, err)
		}
	})
}

func TestLettersCarryNoAnswers(t *testing.T) {
	bundle, err := i18n.New(locales)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Deps{PublicURL: "https://motcua.example"})
	for _, lang := range i18n.Languages() {
		ctx := i18n.WithLang(i18n.WithBundle(context.Background(), bundle), lang)
		for _, event := range told() {
			kind := strings.TrimPrefix(event, "dossier.")
			text := s.letter(ctx, Notice{Kind: kind, Number: "H64.31-261122-0001", Title: "Khai sinh cho Nguyễn Văn A", Agency: "UBND phường"})
			if strings.Contains(text, "⟦") {
				t.Errorf("%s/%s: words are missing: %s", lang, kind, text)
			}
			if strings.Contains(text, "Nguyễn Văn A") {
				t.Errorf("%s/%s: the title, which names a person, stands in the mail", lang, kind)
			}
			if !strings.Contains(text, "https://motcua.example/tra-cuu/H64.31-261122-0001") {
				t.Errorf("%s/%s: no way to the dossier", lang, kind)
			}
		}
	}
}

// A decree that takes a dossier to another agency is told once, however often its event
// comes; one that only changes the counter is not told.
func TestAHandOverIsTold(t *testing.T) {
	sqldbtest.Each(t, []sqldb.Line{job.Line(), Line()}, func(t *testing.T, db *sqldb.DB) {
		s := New(Deps{DB: db, Dossiers: dossiers{Subject{Number: "H63.11-250512-0001", Title: "Xác nhận", Agency: "UBND xã An Hòa", Accounts: []string{"lan"}}}})
		handle := s.Module().Subscribers[0].Handle
		for _, e := range []journal.Event{
			{ID: "e1", Type: handedOver, Data: []byte(`{"from_competent":"a1","competent":"a2"}`)},
			{ID: "e1", Type: handedOver, Data: []byte(`{"from_competent":"a1","competent":"a2"}`)},
			{ID: "e2", Type: handedOver, Data: []byte(`{"from_receiving":"a1","receiving":"a2"}`)},
		} {
			e.Stream, e.At = "dossier:d1", time.Date(2025, 7, 1, 0, 0, 0, 0, time.UTC)
			if err := db.Tx(t.Context(), func(tx *sqldb.Tx) error { return handle(t.Context(), tx, e) }); err != nil {
				t.Fatal(err)
			}
		}
		list, err := s.Mine(identity.With(t.Context(), identity.Actor{AccountID: "lan"}), "", 10)
		if err != nil || len(list) != 1 || list[0].Kind != "handed-over" || list[0].Agency != "UBND xã An Hòa" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}
