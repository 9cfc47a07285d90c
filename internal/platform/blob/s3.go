package blob

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/id"
)

// S3Config says where an S3-compatible store is.
type S3Config struct {
	Endpoint  string            // "https://s3.example.vn" or "http://127.0.0.1:9000"
	Region    string            // "" means us-east-1, which every compatible server accepts
	Bucket    string            // must exist
	Prefix    string            // put before every key, so that many houses may share a bucket; "" or "motcua/"
	AccessKey string            //
	SecretKey string            //
	PathStyle bool              // https://host/bucket/key and not https://bucket.host/key
	Transport http.RoundTripper // nil means the default
}

// S3 is a Store in a bucket: <prefix>sha256/<hash>, and what is staged in
// <prefix>staged/<id>.
//
// The hash, and so the key, is known only when the last byte has passed. What
// fits in one part is kept in memory until then and written once; more is
// streamed to a staged object, which the service copies to its key itself.
type S3 struct {
	client *minio.Client
	bucket string
	prefix string
}

// partSize is the smallest part the protocol allows, and the memory an upload takes.
const partSize = 5 << 20

// NewS3 connects lazily: nothing is asked of the service before the first use.
func NewS3(cfg S3Config) (*S3, error) {
	u, err := url.Parse(cfg.Endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("the address of the file store must look like https://host:port, not %q", cfg.Endpoint)
	}
	if cfg.Bucket == "" {
		return nil, errors.New("the file store needs the name of its bucket")
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	lookup := minio.BucketLookupDNS
	if cfg.PathStyle {
		lookup = minio.BucketLookupPath
	}
	client, err := minio.New(u.Host, &minio.Options{
		Creds:        credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, ""),
		Secure:       u.Scheme == "https",
		Region:       cfg.Region,
		BucketLookup: lookup,
		Transport:    cfg.Transport,
		MaxRetries:   3, // a person waits for the answer
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the file store: %w", err)
	}
	return &S3{client: client, bucket: cfg.Bucket, prefix: cfg.Prefix}, nil
}

func (s *S3) key(hash string) string     { return s.prefix + "sha256/" + hash }
func (s *S3) stagedKey(id string) string { return s.prefix + "staged/" + id }

// putOptions allows one buffer of one part: an upload must not cost more memory than that.
func putOptions() minio.PutObjectOptions {
	return minio.PutObjectOptions{PartSize: partSize, NumThreads: 1}
}

type s3Staged struct {
	s      *S3
	id     string
	ref    Ref
	memory []byte // the content while it is in no object yet; not nil then
}

// Stage implements Store.
func (s *S3) Stage(ctx context.Context, r io.Reader) (Staged, error) {
	h := sha256.New()
	var head bytes.Buffer
	n, err := io.Copy(io.MultiWriter(&head, h), io.LimitReader(readerWith(ctx, r), partSize))
	if err != nil {
		return nil, err
	}
	st := &s3Staged{s: s, id: id.New()}
	if n < partSize {
		st.ref, st.memory = Ref{Hash: hex.EncodeToString(h.Sum(nil)), Size: n}, append([]byte{}, head.Bytes()...)
		return st, nil
	}
	// The client's own word about its source is kept: minio-go reports it wrapped
	// in words of its own, or as a failed request.
	src := &tolerantSource{r: io.TeeReader(readerWith(ctx, r), h)}
	info, err := s.client.PutObject(ctx, s.bucket, s.stagedKey(st.id), io.MultiReader(&head, src), -1, putOptions())
	if src.err != nil {
		err = src.err
	}
	if err != nil {
		return nil, errors.Join(s3Error(err), s.DiscardStaged(context.WithoutCancel(ctx), st.id))
	}
	st.ref = Ref{Hash: hex.EncodeToString(h.Sum(nil)), Size: n + src.n}
	if info.Size != st.ref.Size {
		return nil, errors.Join(fmt.Errorf("the file store took %d of %d bytes", info.Size, st.ref.Size), s.DiscardStaged(context.WithoutCancel(ctx), st.id))
	}
	return st, nil
}

// tolerantSource counts, and remembers the error of its source.
type tolerantSource struct {
	r   io.Reader
	n   int64
	err error
}

func (t *tolerantSource) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		t.err = err
	}
	return n, err
}

func (st *s3Staged) ID() string { return st.id }
func (st *s3Staged) Ref() Ref   { return st.ref }

func (st *s3Staged) Open(ctx context.Context) (Content, error) {
	if st.memory != nil {
		return memoryContent{bytes.NewReader(st.memory)}, nil
	}
	return st.s.OpenStaged(ctx, st.id)
}

type memoryContent struct{ *bytes.Reader }

func (memoryContent) Close() error { return nil }

func (st *s3Staged) Keep(ctx context.Context) error {
	if st.memory == nil {
		return nil
	}
	return st.s.write(ctx, st.s.stagedKey(st.id), st.memory)
}

func (st *s3Staged) Discard(ctx context.Context) error { return st.s.DiscardStaged(ctx, st.id) }

func (st *s3Staged) Commit(ctx context.Context) error {
	s, key := st.s, st.s.key(st.ref.Hash)
	if in, err := s.Stat(ctx, st.ref.Hash); err == nil && in.Size == st.ref.Size {
		return st.Discard(ctx) // stored before; the service watches over its own bytes
	} else if err != nil && !errors.Is(err, ErrAbsent) {
		return err
	}
	if st.memory != nil {
		return s.write(ctx, key, st.memory)
	}
	if _, err := s.client.CopyObject(ctx, minio.CopyDestOptions{Bucket: s.bucket, Object: key},
		minio.CopySrcOptions{Bucket: s.bucket, Object: s.stagedKey(st.id)}); err != nil {
		return s3Error(err)
	}
	in, err := s.Stat(ctx, st.ref.Hash)
	if err == nil && in.Size != st.ref.Size {
		err = fmt.Errorf("the file store copied %d of %d bytes", in.Size, st.ref.Size)
	}
	if err != nil {
		return err
	}
	return st.Discard(ctx)
}

func (s *S3) write(ctx context.Context, key string, content []byte) error {
	info, err := s.client.PutObject(ctx, s.bucket, key, bytes.NewReader(content), int64(len(content)), putOptions())
	if err != nil {
		return s3Error(err)
	}
	if info.Size != int64(len(content)) {
		return fmt.Errorf("the file store took %d of %d bytes", info.Size, len(content))
	}
	return nil
}

// Put implements Store.
func (s *S3) Put(ctx context.Context, r io.Reader) (Ref, error) { return put(ctx, s, r) }

// Open implements Store. The content can be read as long as ctx lasts.
func (s *S3) Open(ctx context.Context, hash string) (Content, error) {
	if !validHash(hash) {
		return nil, ErrAbsent
	}
	return s.open(ctx, s.key(hash))
}

func (s *S3) open(ctx context.Context, key string) (Content, error) {
	o, err := s.client.GetObject(ctx, s.bucket, key, minio.GetObjectOptions{})
	if err != nil {
		return nil, s3Error(err)
	}
	// Nothing was asked yet; whether the object is there must be known now.
	if _, err := o.Stat(); err != nil {
		return nil, errors.Join(s3Error(err), o.Close())
	}
	return s3Content{o}, nil
}

type s3Content struct{ o *minio.Object }

func (c s3Content) Read(p []byte) (int, error) {
	n, err := c.o.Read(p)
	return n, s3Error(err)
}

func (c s3Content) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.o.ReadAt(p, off)
	return n, s3Error(err)
}

func (c s3Content) Seek(off int64, whence int) (int64, error) { return c.o.Seek(off, whence) }
func (c s3Content) Close() error                              { return c.o.Close() }

// Stat implements Store.
func (s *S3) Stat(ctx context.Context, hash string) (Info, error) {
	if !validHash(hash) {
		return Info{}, ErrAbsent
	}
	o, err := s.client.StatObject(ctx, s.bucket, s.key(hash), minio.StatObjectOptions{})
	if err != nil {
		return Info{}, s3Error(err)
	}
	return Info{Hash: hash, Size: o.Size, At: o.LastModified}, nil
}

// Delete implements Store.
func (s *S3) Delete(ctx context.Context, hash string) error {
	if !validHash(hash) {
		return nil
	}
	return s.remove(ctx, s.key(hash))
}

func (s *S3) remove(ctx context.Context, key string) error {
	return ignoreAbsent(s3Error(s.client.RemoveObject(ctx, s.bucket, key, minio.RemoveObjectOptions{})))
}

// Walk implements Store.
func (s *S3) Walk(ctx context.Context, fn func(Info) error) error {
	return s.list(ctx, s.key(""), func(name string, size int64, at time.Time) error {
		if !validHash(name) {
			return nil
		}
		return fn(Info{Hash: name, Size: size, At: at})
	})
}

func (s *S3) list(ctx context.Context, under string, fn func(name string, size int64, at time.Time) error) error {
	for o := range s.client.ListObjectsIter(ctx, s.bucket, minio.ListObjectsOptions{Prefix: under, Recursive: true}) {
		if o.Err != nil {
			return s3Error(o.Err)
		}
		if err := fn(strings.TrimPrefix(o.Key, under), o.Size, o.LastModified); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// OpenStaged implements Store.
func (s *S3) OpenStaged(ctx context.Context, id string) (Content, error) {
	if !validStaged(id) {
		return nil, ErrAbsent
	}
	return s.open(ctx, s.stagedKey(id))
}

// DiscardStaged implements Store.
func (s *S3) DiscardStaged(ctx context.Context, id string) error {
	if !validStaged(id) {
		return nil
	}
	return s.remove(ctx, s.stagedKey(id))
}

// WalkStaged implements Store.
func (s *S3) WalkStaged(ctx context.Context, fn func(id string, at time.Time) error) error {
	return s.list(ctx, s.stagedKey(""), func(name string, _ int64, at time.Time) error {
		if !validStaged(name) {
			return nil
		}
		return fn(name, at)
	})
}

// Free implements Store: nobody knows how large a bucket may grow.
func (s *S3) Free(context.Context) (int64, error) { return -1, nil }

// Check implements Store: it writes, reads and removes a small object.
func (s *S3) Check(ctx context.Context) (err error) {
	probe := &s3Staged{s: s, id: id.New(), memory: []byte("is anybody there?")}
	if err := probe.Keep(ctx); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, probe.Discard(context.WithoutCancel(ctx))) }()
	c, err := s.OpenStaged(ctx, probe.id)
	if err != nil {
		return err
	}
	got, err := io.ReadAll(c)
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	if !bytes.Equal(got, probe.memory) {
		return fmt.Errorf("a probe object came back different: %w", ErrCorrupt)
	}
	return nil
}

// s3Error gives the errors of the service their public face. Only io.EOF itself is an
// end; one inside another error is a connection that was cut.
func s3Error(err error) error {
	if err == nil || err == io.EOF || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) { //nolint:errorlint // a wrapped one is no end
		return err
	}
	if _, done := errs.As(err); done {
		return err
	}
	switch r := minio.ToErrorResponse(err); {
	case r.Code == minio.NoSuchKey, r.Code == "NotFound":
		return errors.Join(ErrAbsent, err)
	case r.StatusCode == http.StatusInsufficientStorage, r.Code == "QuotaExceeded", r.Code == "XMinioStorageFull", r.Code == "XMinioAdminBucketQuotaExceeded":
		return errs.New(errs.Full, "storage.full").Because(err)
	}
	// Wrong keys, a missing bucket, a cut line: for the person it is all the same,
	// the operator reads the cause.
	return errs.New(errs.Unavailable, "storage.away").Because(err)
}
