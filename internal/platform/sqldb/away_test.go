package sqldb_test

import (
	"context"
	"io"
	"net"
	"net/url"
	"os"
	"sync"
	"testing"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/sqldb/sqldbtest"
)

// line carries connections to PostgreSQL until it is cut.
type line struct {
	net.Listener
	mu    sync.Mutex
	pairs [][2]net.Conn
}

func (l *line) carry(to string) {
	for {
		in, err := l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", to)
		if err != nil {
			_ = in.Close()
			continue
		}
		l.mu.Lock()
		l.pairs = append(l.pairs, [2]net.Conn{in, out})
		l.mu.Unlock()
		go func() { _, _ = io.Copy(out, in) }()
		go func() { _, _ = io.Copy(in, out) }()
	}
}

// cut ends what the server says in the middle of a sentence, as the kernel does
// for a process that was killed.
func (l *line) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pairs {
		_ = p[1].Close()
		if in, ok := p[0].(*net.TCPConn); ok {
			_ = in.CloseWrite()
		}
	}
	l.pairs = nil
}

// A server that dies in the middle of an answer is away, which people are told in
// words and programs may try again; it is no fault of ours.
func TestAServerThatDiesIsAway(t *testing.T) {
	server := os.Getenv(sqldbtest.Env)
	if server == "" {
		t.Skip("needs PostgreSQL")
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cable := &line{Listener: l}
	go cable.carry(u.Host)
	u.Host = l.Addr().String()
	db, err := sqldb.Open(t.Context(), u.String(), sqldb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	// The first row is read, so the server is at work; then it is gone.
	endless := `WITH RECURSIVE t (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t`
	for what, ask := range map[string]func() error{
		"a query": func() error {
			rows, err := db.Query(t.Context(), endless)
			if err != nil {
				return err
			}
			defer rows.Close()
			for n := 0; rows.Next(); n++ {
				if n == 0 {
					cable.cut()
				}
			}
			return rows.Err()
		},
		"a transaction": func() error {
			return db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				if _, err := tx.Exec(t.Context(), `SELECT 1`); err != nil {
					return err
				}
				cable.cut()
				_, err := tx.Exec(context.Background(), `SELECT 2`)
				return err
			})
		},
		"a commit": func() error {
			return db.Tx(t.Context(), func(tx *sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), `SELECT 1`)
				cable.cut()
				return err
			})
		},
	} {
		if err := ask(); !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s on a line that was cut: %v, want Unavailable", what, err)
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Errorf("after %s the house does not find its server again: %v", what, err)
		}
	}
}
