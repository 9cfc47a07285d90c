package blob_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/sqldb"
)

// clamd is a virus scanner that speaks clamd's protocol, and has its moods.
type clamd struct {
	address string
	mood    atomic.Value // "", "deaf" (accepts and never answers), "drops", "babbles", "chokes"
	scans   atomic.Int64
	ignored atomic.Int64 // commands that were left without an answer
}

const (
	eicar      = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
	clamdLimit = 100_000
)

func startClamd(t *testing.T, network string) *clamd {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), "clamd.sock")
	}
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	c := &clamd{address: l.Addr().String()}
	c.mood.Store("")
	t.Cleanup(func() { _ = l.Close() }) // the test is over
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go c.serve(conn)
		}
	}()
	return c
}

func (c *clamd) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }() // nothing depends on it
	mood := c.mood.Load().(string)
	if mood == "drops" {
		return
	}
	command := make([]byte, 0, 20)
	for !bytes.HasSuffix(command, []byte{0}) {
		b := make([]byte, 1)
		if _, err := conn.Read(b); err != nil {
			return
		}
		command = append(command, b...)
	}
	say := func(s string) { _, _ = conn.Write([]byte(s + "\x00")) } // the client may have gone
	switch {
	case mood == "deaf":
		c.ignored.Add(1)
		time.Sleep(time.Minute)
	case string(command) == "zVERSION\x00":
		say("ClamAV 1.4.6/27000/Mon Mar  2 09:00:00 2026")
	case string(command) == "zINSTREAM\x00":
		c.scans.Add(1)
		var all []byte
		for {
			var size uint32
			if err := binary.Read(conn, binary.BigEndian, &size); err != nil {
				return
			}
			if size == 0 {
				break
			}
			chunk := make([]byte, size)
			if _, err := io.ReadFull(conn, chunk); err != nil {
				return
			}
			if all = append(all, chunk...); len(all) > clamdLimit {
				say("INSTREAM size limit exceeded. ERROR")
				return
			}
		}
		switch {
		case mood == "babbles":
			say("stream: Can't allocate memory ERROR")
		case mood == "chokes" && bytes.Contains(all, []byte("poison")):
			return
		case bytes.Contains(all, []byte("EICAR")):
			say("stream: Win.Test.EICAR_HDB-1 FOUND")
		default:
			say("stream: OK")
		}
	}
}

func TestClamAVAnswers(t *testing.T) {
	for _, network := range []string{"tcp", "unix"} {
		c := startClamd(t, network)
		s := blob.NewClamAV(c.address, 1<<30)
		ctx := context.Background()
		scan := func(s blob.Scanner, content string) (blob.Verdict, error) {
			return s.Scan(ctx, strings.NewReader(content), int64(len(content)))
		}
		if v, err := s.Ping(ctx); err != nil || !strings.HasPrefix(v, "ClamAV 1.4") {
			t.Errorf("%s: ping: %q, %v", network, v, err)
		}
		for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 90_000} {
			if v, err := scan(s, strings.Repeat("a", size)); err != nil || v != (blob.Verdict{}) {
				t.Errorf("%s: %d clean bytes: %+v, %v", network, size, v, err)
			}
		}
		if v, err := scan(s, strings.Repeat("a", 65_530)+eicar); err != nil || v.Virus != "Win.Test.EICAR_HDB-1" {
			t.Errorf("%s: virus: %+v, %v", network, v, err)
		}
		// More than the daemon takes: it hangs up in the middle. That is no verdict.
		for _, size := range []int{clamdLimit + 1, 20 << 20} {
			if v, err := scan(s, strings.Repeat("a", size)); err != nil || v.Skipped != "too-large" {
				t.Errorf("%s: too large: %+v, %v", network, v, err)
			}
		}
		before := c.scans.Load()
		if v, err := scan(blob.NewClamAV(c.address, 1000), strings.Repeat("a", 1001)); err != nil || v.Skipped != "too-large" || c.scans.Load() != before {
			t.Errorf("%s: too large by our own setting: %+v, %v", network, v, err)
		}
		for _, mood := range []string{"drops", "babbles"} {
			c.mood.Store(mood)
			if v, err := scan(s, "abc"); err == nil {
				t.Errorf("%s: it %s: %+v", network, mood, v)
			}
		}
		c.mood.Store("deaf")
		short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		if _, err := s.Scan(short, strings.NewReader("abc"), 3); err == nil {
			t.Errorf("%s: a deaf daemon gave a verdict", network)
		}
		if _, err := s.Ping(short); err == nil {
			t.Errorf("%s: a deaf daemon is up", network)
		}
		cancel()
	}
	if _, err := blob.NewClamAV("127.0.0.1:1", 0).Ping(context.Background()); err == nil {
		t.Error("nobody answered for clamd")
	}
}

// On a real daemon, when one is there: MOTCUA_TEST_CLAMD=127.0.0.1:3310.
func TestRealClamAV(t *testing.T) {
	address := os.Getenv("MOTCUA_TEST_CLAMD")
	if address == "" {
		t.Skip("set MOTCUA_TEST_CLAMD=host:port to run this on a real clamd")
	}
	s := blob.NewClamAV(address, 0)
	if v, err := s.Ping(context.Background()); err != nil || !strings.HasPrefix(v, "ClamAV") {
		t.Errorf("ping: %q, %v", v, err)
	}
	if v, err := s.Scan(context.Background(), strings.NewReader(pdf), int64(len(pdf))); err != nil || v != (blob.Verdict{}) {
		t.Errorf("clean: %+v, %v", v, err)
	}
}

func TestTheScannerNeverRefusesACitizen(t *testing.T) {
	c := startClamd(t, "tcp")
	var told []string
	opt := blob.Options{Scanner: blob.NewClamAV(c.address, 1<<30), ScanWait: 300 * time.Millisecond, RequireScan: true}
	opt.OnInfected = func(_ context.Context, _ *sqldb.Tx, f blob.File, streams []string) error {
		told = []string{f.ID, f.ScanNote, strings.Join(streams, " ")}
		return nil
	}
	eachHouse(t, opt, func(t *testing.T, h *house) {
		ctx := context.Background()
		c.mood.Store("")
		told = nil
		clean := h.save(t, "a.txt", []byte("clean"))
		if clean.Scan != blob.Clean || h.Readable(clean, "nam") != nil {
			t.Errorf("clean: %+v", clean)
		}
		if _, err := h.Save(ctx, "b.txt", "hoa", strings.NewReader(eicar)); !errs.HasCode(err, "file.infected") || !errs.Is(err, errs.Invalid) {
			t.Errorf("infected: %v", err)
		}
		big := h.save(t, "c.txt", bytes.Repeat([]byte("a"), clamdLimit+1))
		if big.Scan != blob.Quarantined || big.ScanNote != "too-large" {
			t.Errorf("too large: %+v", big)
		}
		// The scanner hangs, then is gone: papers come in all the same.
		c.mood.Store("deaf")
		c.ignored.Store(0)
		waiting := h.save(t, "d.txt", []byte("handed in while the scanner hung"))
		bad := h.save(t, "e.txt", []byte("handed in meanwhile: "+eicar))
		if waiting.Scan != blob.Pending || bad.Scan != blob.Pending {
			t.Errorf("%+v\n%+v", waiting, bad)
		}
		// Only the first of them waited for it.
		if n := c.ignored.Load(); n > 1 {
			t.Errorf("%d uploads waited for a scanner that hangs", n)
		}
		if err := h.Readable(waiting, "nam"); !errs.HasCode(err, "file.unscanned") {
			t.Errorf("a stranger reads what was not scanned: %v", err)
		}
		if err := h.Readable(waiting, "hoa"); err != nil {
			t.Errorf("its owner: %v", err)
		}
		h.claim(t, "dossier/7", bad.ID, waiting.ID)
		if err := h.ScannerUp(deadline(t, 100*time.Millisecond)); !errs.HasCode(err, "blob.scanner-away") {
			t.Errorf("up: %v", err)
		}
		if n, err := h.Rescan(deadline(t, 100*time.Millisecond)); err != nil || n != 0 {
			t.Errorf("rescan without scanner: %d, %v", n, err)
		}
		if p, q, err := h.Unscanned(ctx); err != nil || p != 2 || q != 1 {
			t.Errorf("unscanned: %d, %d, %v", p, q, err)
		}
		c.mood.Store("")
		h.wait(10 * time.Minute)
		n, err := h.Rescan(ctx)
		if err != nil || n != 2 {
			t.Errorf("rescan: %d, %v", n, err)
		}
		get := func(f blob.File) blob.File {
			f, err := h.Get(ctx, f.ID)
			if err != nil {
				t.Fatal(err)
			}
			return f
		}
		if f := get(waiting); f.Scan != blob.Clean || h.Readable(f, "nam") != nil {
			t.Errorf("%+v", f)
		}
		if f := get(bad); f.Scan != blob.Infected || f.ScanNote != "Win.Test.EICAR_HDB-1" || h.Readable(f, "hoa") == nil {
			t.Errorf("%+v", f)
		}
		if strings.Join(told, " ") != bad.ID+" Win.Test.EICAR_HDB-1 dossier/7" {
			t.Errorf("told: %q", told)
		}
		if _, _, err := h.OpenFile(ctx, bad.ID); !errs.HasCode(err, "file.infected") {
			t.Errorf("open: %v", err)
		}
		if err := h.db.Tx(ctx, func(tx *sqldb.Tx) error { return h.Claim(ctx, tx, "dossier/8", bad.ID) }); !errs.HasCode(err, "file.infected") {
			t.Errorf("claim: %v", err)
		}
	})
}

func deadline(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestOneFileThatChokesTheScannerKeepsNobodyWaiting(t *testing.T) {
	c := startClamd(t, "tcp")
	eachHouse(t, blob.Options{Scanner: blob.NewClamAV(c.address, 0)}, func(t *testing.T, h *house) {
		c.mood.Store("drops")
		var ids []string
		for _, s := range []string{"first", "poison", "second", "third"} {
			ids = append(ids, h.save(t, "a.txt", []byte(s)).ID)
		}
		c.mood.Store("chokes")
		h.wait(10 * time.Minute)
		if n, err := h.Rescan(context.Background()); err != nil || n != 3 {
			t.Errorf("rescanned %d, %v", n, err)
		}
		list, err := h.GetMany(context.Background(), ids)
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range list {
			if want := map[bool]string{true: blob.Pending, false: blob.Clean}[i == 1]; f.Scan != want {
				t.Errorf("%d: %s, want %s", i, f.Scan, want)
			}
		}
	})
}

func TestAScannerInstalledLaterLooksAtWhatCameBefore(t *testing.T) {
	c := startClamd(t, "tcp")
	eachHouse(t, blob.Options{}, func(t *testing.T, h *house) {
		f := h.save(t, "a.txt", []byte("before "+eicar))
		if err := errors.Join(h.ScannerUp(context.Background()), h.Readable(f, "nam")); err != nil {
			t.Errorf("a house without a scanner: %v", err)
		}
		h.opt.Scanner = blob.NewClamAV(c.address, 0)
		h.reopen(t)
		h.wait(time.Minute)
		if n, err := h.Rescan(context.Background()); err != nil || n != 1 {
			t.Errorf("rescanned %d, %v", n, err)
		}
		if f, err := h.Get(context.Background(), f.ID); err != nil || f.Scan != blob.Infected {
			t.Errorf("%+v, %v", f, err)
		}
	})
}
