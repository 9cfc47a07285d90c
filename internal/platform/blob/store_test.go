package blob_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/blob/s3test"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
)

func content(seed uint64, size int) []byte {
	r := rand.New(rand.NewPCG(seed, 1))
	b := make([]byte, size)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func hashOf(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

func newDir(t *testing.T) *blob.Dir {
	t.Helper()
	d, err := blob.NewDir(filepath.Join(t.TempDir(), "files"))
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newS3(t *testing.T, cfg blob.S3Config) *blob.S3 {
	t.Helper()
	s, err := blob.NewS3(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// eachStore runs test on a folder, on the service of package s3test, and on a real
// S3-compatible service when MOTCUA_TEST_S3=http://key:secret@host:port/bucket is set.
func eachStore(t *testing.T, test func(t *testing.T, s blob.Store)) {
	t.Run("dir", func(t *testing.T) { test(t, newDir(t)) })
	t.Run("s3", func(t *testing.T) { test(t, newS3(t, s3test.New(t).Config())) })
	t.Run("real-s3", func(t *testing.T) {
		address := os.Getenv("MOTCUA_TEST_S3")
		if address == "" {
			t.Skip("set MOTCUA_TEST_S3=http://key:secret@host:port/bucket to run this on a real service")
		}
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		secret, _ := u.User.Password()
		test(t, newS3(t, blob.S3Config{Endpoint: u.Scheme + "://" + u.Host, Bucket: strings.Trim(u.Path, "/"), Prefix: id.New() + "/",
			AccessKey: u.User.Username(), SecretKey: secret, PathStyle: true}))
	})
}

func readAll(t *testing.T, s blob.Store, hash string) []byte {
	t.Helper()
	c, err := s.Open(context.Background(), hash)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(c)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return b
}

func stagedIDs(t *testing.T, s blob.Store) (ids []string) {
	t.Helper()
	if err := s.WalkStaged(context.Background(), func(id string, _ time.Time) error { ids = append(ids, id); return nil }); err != nil {
		t.Fatal(err)
	}
	return ids
}

func TestWhatIsPutComesBack(t *testing.T) {
	eachStore(t, func(t *testing.T, s blob.Store) {
		ctx := context.Background()
		var hashes []string
		// Around the size of one S3 part, and several of them.
		for i, size := range []int{0, 1, 100_000, 5<<20 - 1, 5 << 20, 5<<20 + 1, 12 << 20} {
			want := content(uint64(i), size)
			// An honest reader gives a little at a time, and its end with its last bytes.
			ref, err := s.Put(ctx, iotest.DataErrReader(bytes.NewReader(want)))
			if err != nil {
				t.Fatalf("%d bytes: %v", size, err)
			}
			if ref.Hash != hashOf(want) || ref.Size != int64(size) {
				t.Fatalf("%d bytes: ref = %+v", size, ref)
			}
			if !bytes.Equal(readAll(t, s, ref.Hash), want) {
				t.Fatalf("%d bytes: other bytes came back", size)
			}
			if n, err := blob.Verify(ctx, s, ref.Hash); err != nil || n != int64(size) {
				t.Fatalf("verify = %d, %v", n, err)
			}
			if in, err := s.Stat(ctx, ref.Hash); err != nil || in.Size != int64(size) || in.Hash != ref.Hash || time.Since(in.At) > time.Hour {
				t.Fatalf("stat = %+v, %v", in, err)
			}
			hashes = append(hashes, ref.Hash)
		}
		c, err := s.Open(ctx, hashes[6])
		if err != nil {
			t.Fatal(err)
		}
		part := make([]byte, 1000)
		if _, err := c.ReadAt(part, 7<<20); err != nil || !bytes.Equal(part, content(6, 12<<20)[7<<20:7<<20+1000]) {
			t.Errorf("reading in the middle: %v", err)
		}
		if _, err := c.Seek(-1000, io.SeekEnd); err != nil {
			t.Error(err)
		}
		if tail, err := io.ReadAll(c); err != nil || !bytes.Equal(tail, content(6, 12<<20)[12<<20-1000:]) {
			t.Errorf("reading the tail: %d bytes, %v", len(tail), err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		var walked []string
		if err := s.Walk(ctx, func(in blob.Info) error { walked = append(walked, in.Hash); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(walked) != len(hashes) {
			t.Errorf("walked %d of %d", len(walked), len(hashes))
		}
		for i := 1; i < len(walked); i++ {
			if walked[i-1] >= walked[i] {
				t.Error("walk is not in order")
			}
		}
		if ids := stagedIDs(t, s); len(ids) != 0 {
			t.Errorf("left behind: %v", ids)
		}
	})
}

func TestAbsentIsSaidSo(t *testing.T) {
	eachStore(t, func(t *testing.T, s blob.Store) {
		ctx := context.Background()
		for _, hash := range []string{hashOf([]byte("never stored")), "", "../../etc/passwd", strings.Repeat("A", 64)} {
			if _, err := s.Open(ctx, hash); !errors.Is(err, blob.ErrAbsent) {
				t.Errorf("open %q: %v", hash, err)
			}
			if _, err := s.Stat(ctx, hash); !errors.Is(err, blob.ErrAbsent) {
				t.Errorf("stat %q: %v", hash, err)
			}
			if err := s.Delete(ctx, hash); err != nil {
				t.Errorf("delete %q: %v", hash, err)
			}
			if _, err := s.OpenStaged(ctx, hash); !errors.Is(err, blob.ErrAbsent) {
				t.Errorf("open staged %q: %v", hash, err)
			}
			if err := s.DiscardStaged(ctx, hash); err != nil {
				t.Errorf("discard %q: %v", hash, err)
			}
		}
		if err := s.Check(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestABrokenSourceLeavesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, s blob.Store) {
		boom := errors.New("line cut")
		for _, size := range []int{0, 1000, 6 << 20} {
			_, err := s.Put(context.Background(), io.MultiReader(bytes.NewReader(content(1, size)), iotest.ErrReader(boom)))
			if !errors.Is(err, boom) {
				t.Errorf("after %d bytes: err = %v", size, err)
			}
		}
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := s.Put(ctx, bytes.NewReader(content(1, 100))); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: err = %v", err)
		}
		if ids := stagedIDs(t, s); len(ids) != 0 {
			t.Errorf("left behind: %v", ids)
		}
		if err := s.Walk(context.Background(), func(in blob.Info) error { t.Errorf("stored: %+v", in); return nil }); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStagedBytesSurviveARestart(t *testing.T) {
	eachStore(t, func(t *testing.T, s blob.Store) {
		ctx := context.Background()
		for _, size := range []int{10, 6 << 20} {
			want := content(9, size)
			st, err := s.Stage(ctx, bytes.NewReader(want))
			if err != nil {
				t.Fatal(err)
			}
			if err := st.Keep(ctx); err != nil {
				t.Fatal(err)
			}
			// Another replica knows nothing but the id.
			c, err := s.OpenStaged(ctx, st.ID())
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(c)
			if err := errors.Join(err, c.Close()); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("other bytes came back: %v", err)
			}
			if ids := stagedIDs(t, s); len(ids) != 1 || ids[0] != st.ID() {
				t.Fatalf("staged = %v", ids)
			}
			if _, err := s.Stat(ctx, st.Ref().Hash); !errors.Is(err, blob.ErrAbsent) {
				t.Fatalf("staged bytes already have a name: %v", err)
			}
			if err := st.Commit(ctx); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(readAll(t, s, st.Ref().Hash), want) {
				t.Fatal("other bytes were stored")
			}
			if err := st.Discard(ctx); err != nil {
				t.Fatal(err)
			}
			if ids := stagedIDs(t, s); len(ids) != 0 {
				t.Fatalf("staged = %v", ids)
			}
			if err := s.Delete(ctx, st.Ref().Hash); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestTheSameBytesFromManyAtOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, s blob.Store) {
		want := content(3, 50_000)
		var wg sync.WaitGroup
		for range 12 {
			wg.Go(func() {
				if _, err := s.Put(context.Background(), bytes.NewReader(want)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		n := 0
		if err := s.Walk(context.Background(), func(blob.Info) error { n++; return nil }); err != nil {
			t.Fatal(err)
		}
		if n != 1 || !bytes.Equal(readAll(t, s, hashOf(want)), want) {
			t.Errorf("stored %d times", n)
		}
	})
}

func TestADirNeverTrustsADamagedCopy(t *testing.T) {
	d := newDir(t)
	ctx := context.Background()
	want := content(5, 10_000)
	ref, err := d.Put(ctx, bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(d.Root(), ref.Hash[:2], ref.Hash[2:4], ref.Hash)
	for name, damage := range map[string]func() error{
		"one bit":  func() error { b := bytes.Clone(want); b[77] ^= 1; return os.WriteFile(path, b, 0o600) },
		"cut":      func() error { return os.Truncate(path, 5000) },
		"vanished": func() error { return os.Remove(path) },
	} {
		if err := damage(); err != nil {
			t.Fatal(err)
		}
		if _, err := blob.Verify(ctx, d, ref.Hash); !errors.Is(err, blob.ErrCorrupt) && !errors.Is(err, blob.ErrAbsent) {
			t.Errorf("%s: verify = %v", name, err)
		}
		// Whoever hands the same paper in again is told that it is safe, so it must be.
		if _, err := d.Put(ctx, bytes.NewReader(want)); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(readAll(t, d, ref.Hash), want) {
			t.Errorf("%s: the damaged copy was left", name)
		}
	}
}

func TestS3StreamsInParts(t *testing.T) {
	srv := s3test.New(t)
	s := newS3(t, srv.Config())
	if _, err := s.Put(context.Background(), bytes.NewReader(content(1, 17<<20))); err != nil {
		t.Fatal(err)
	}
	if open, parts := srv.Pending(); open != 0 || parts != 4 {
		t.Errorf("open uploads = %d, parts = %d, want 0 and 4", open, parts)
	}
}

func TestS3TroublesHaveNames(t *testing.T) {
	srv := s3test.New(t)
	s := newS3(t, srv.Config())
	ctx := context.Background()
	ref, err := s.Put(ctx, strings.NewReader("giấy khai sinh"))
	if err != nil {
		t.Fatal(err)
	}
	put := func(size int) error {
		_, err := s.Put(ctx, bytes.NewReader(content(uint64(size), size)))
		return err
	}
	for _, size := range []int{10, 11 << 20} {
		srv.Fail(func(r *http.Request) (int, string) {
			if r.Method == http.MethodPut {
				return http.StatusInsufficientStorage, "XMinioStorageFull"
			}
			return 0, ""
		})
		if err := put(size); !errs.Is(err, errs.Full) {
			t.Errorf("full, %d bytes: %v", size, err)
		}
		srv.Fail(func(r *http.Request) (int, string) { return http.StatusForbidden, "AccessDenied" })
		if err := put(size); !errs.Is(err, errs.Unavailable) {
			t.Errorf("denied, %d bytes: %v", size, err)
		}
		srv.Fail(nil)
	}
	if open, _ := srv.Pending(); open != 0 {
		t.Errorf("%d multipart uploads were left open", open)
	}
	if _, err := s.Open(ctx, ref.Hash); err != nil {
		t.Error(err)
	}
	wrong := srv.Config()
	wrong.AccessKey = "stranger"
	if _, err := newS3(t, wrong).Open(ctx, ref.Hash); !errs.Is(err, errs.Unavailable) {
		t.Errorf("wrong key: %v", err)
	}
	away := srv.Config()
	away.Endpoint = "http://127.0.0.1:1"
	if _, err := newS3(t, away).Put(ctx, strings.NewReader("x")); !errs.Is(err, errs.Unavailable) {
		t.Errorf("nobody there: %v", err)
	}
	srv.Tamper("motcua/sha256/"+ref.Hash, func(b []byte) []byte { b[0] ^= 1; return b })
	if _, err := blob.Verify(ctx, s, ref.Hash); !errors.Is(err, blob.ErrCorrupt) {
		t.Errorf("tampered: %v", err)
	}
	for _, bad := range []string{"", "s3.example.vn", "ftp://x", "http://host/with/path"} {
		cfg := srv.Config()
		cfg.Endpoint = bad
		if _, err := blob.NewS3(cfg); err == nil {
			t.Errorf("endpoint %q was taken", bad)
		}
	}
}
