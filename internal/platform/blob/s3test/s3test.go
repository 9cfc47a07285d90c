// Package s3test is an S3-compatible service in memory, for tests: as much of the
// protocol as minio-go speaks to store, copy, list, read and remove objects. It
// refuses requests that are not signed with its key and payloads that do not have
// the hash they are signed with, and it fails on command.
package s3test

import (
	"bufio"
	"bytes"
	"crypto/md5" //nolint:gosec // the protocol's ETag
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"motcua/internal/platform/blob"
)

// The bucket and keys of every Server.
const (
	Bucket    = "giay-to"
	AccessKey = "AKIDTEST"
	SecretKey = "mat-khau-cua-kho"
)

// Server is a running service.
type Server struct {
	URL string

	mu      sync.Mutex
	objects map[string]object
	uploads map[string]map[int][]byte
	serial  int
	fail    func(*http.Request) (status int, code string)
	parts   int
}

type object struct {
	body []byte
	at   time.Time
}

// New starts a service that ends with the test.
func New(t testing.TB) *Server {
	t.Helper()
	s := &Server{objects: map[string]object{}, uploads: map[string]map[int][]byte{}}
	h := httptest.NewServer(s)
	t.Cleanup(h.Close)
	s.URL = h.URL
	return s
}

// Config is how to reach it.
func (s *Server) Config() blob.S3Config {
	return blob.S3Config{Endpoint: s.URL, Bucket: Bucket, Prefix: "motcua/", AccessKey: AccessKey, SecretKey: SecretKey, PathStyle: true}
}

// Fail makes requests fail for which f returns a status other than 0; nil ends it.
func (s *Server) Fail(f func(*http.Request) (status int, code string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = f
}

// Keys lists what is stored.
func (s *Server) Keys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var keys []string
	for k := range s.objects {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Tamper changes stored bytes behind everybody's back.
func (s *Server) Tamper(key string, change func([]byte) []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.objects[key]
	o.body = change(bytes.Clone(o.body))
	s.objects[key] = o
}

// Age moves the time at which everything was stored into the past.
func (s *Server) Age(by time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, o := range s.objects {
		o.at = o.at.Add(-by)
		s.objects[k] = o
	}
}

// Pending is how many multipart uploads are open, and Parts how many parts came in all.
func (s *Server) Pending() (uploads, parts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.uploads), s.parts
}

func answer(w http.ResponseWriter, status int, code string) {
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(status)
	if status >= 400 {
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", code, code) // the client may be gone
	}
}

func writeXML(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/xml")
	_ = xml.NewEncoder(w).Encode(v) // the client may be gone
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	auth := r.Header.Get("Authorization")
	if !strings.HasPrefix(auth, "AWS4-HMAC-SHA256 Credential="+AccessKey+"/") || !strings.Contains(auth, "Signature=") {
		answer(w, http.StatusForbidden, "AccessDenied")
		return
	}
	body, err := payload(r)
	if err != nil {
		answer(w, http.StatusBadRequest, "XAmzContentSHA256Mismatch")
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fail != nil {
		if status, code := s.fail(r); status != 0 {
			answer(w, status, code)
			return
		}
	}
	path, err := url.PathUnescape(strings.TrimPrefix(r.URL.EscapedPath(), "/"))
	bucket, key, _ := strings.Cut(path, "/")
	if err != nil || bucket != Bucket {
		answer(w, http.StatusNotFound, "NoSuchBucket")
		return
	}
	q := r.URL.Query()
	switch {
	case key == "" && r.Method == http.MethodGet:
		s.list(w, q)
	case r.Method == http.MethodPost && q.Has("uploads"):
		s.serial++
		uploadID := strconv.Itoa(s.serial)
		s.uploads[uploadID] = map[int][]byte{}
		writeXML(w, struct {
			XMLName     xml.Name `xml:"InitiateMultipartUploadResult"`
			Bucket, Key string
			UploadID    string `xml:"UploadId"`
		}{Bucket: bucket, Key: key, UploadID: uploadID})
	case q.Get("uploadId") != "":
		s.multipart(w, r, key, q, body)
	case r.Method == http.MethodPut && r.Header.Get("X-Amz-Copy-Source") != "":
		from, err := url.PathUnescape(strings.TrimPrefix(r.Header.Get("X-Amz-Copy-Source"), "/"))
		o, ok := s.objects[strings.TrimPrefix(from, Bucket+"/")]
		if err != nil || !ok {
			answer(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		s.objects[key] = object{bytes.Clone(o.body), time.Now()}
		writeXML(w, struct {
			XMLName      xml.Name `xml:"CopyObjectResult"`
			ETag         string
			LastModified string
		}{ETag: etag(o.body), LastModified: time.Now().UTC().Format(time.RFC3339)})
	case r.Method == http.MethodPut:
		s.objects[key] = object{body, time.Now()}
		w.Header().Set("ETag", etag(body))
		w.WriteHeader(http.StatusOK)
	case r.Method == http.MethodDelete:
		delete(s.objects, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		o, ok := s.objects[key]
		if !ok {
			answer(w, http.StatusNotFound, "NoSuchKey")
			return
		}
		w.Header().Set("ETag", etag(o.body))
		w.Header().Set("Content-Type", "application/octet-stream")
		http.ServeContent(w, r, "", o.at, bytes.NewReader(o.body))
	}
}

func (s *Server) multipart(w http.ResponseWriter, r *http.Request, key string, q url.Values, body []byte) {
	uploadID := q.Get("uploadId")
	parts, ok := s.uploads[uploadID]
	if !ok {
		answer(w, http.StatusNotFound, "NoSuchUpload")
		return
	}
	switch r.Method {
	case http.MethodPut:
		n, err := strconv.Atoi(q.Get("partNumber"))
		if err != nil {
			answer(w, http.StatusBadRequest, "InvalidArgument")
			return
		}
		parts[n] = body
		s.parts++
		w.Header().Set("ETag", etag(body))
		w.WriteHeader(http.StatusOK)
	case http.MethodDelete:
		delete(s.uploads, uploadID)
		w.WriteHeader(http.StatusNoContent)
	case http.MethodPost:
		var whole []byte
		for n := 1; n <= len(parts); n++ {
			if n < len(parts) && len(parts[n]) < 5<<20 {
				answer(w, http.StatusBadRequest, "EntityTooSmall")
				return
			}
			whole = append(whole, parts[n]...)
		}
		delete(s.uploads, uploadID)
		s.objects[key] = object{whole, time.Now()}
		writeXML(w, struct {
			XMLName           xml.Name `xml:"CompleteMultipartUploadResult"`
			Bucket, Key, ETag string
		}{Bucket: Bucket, Key: key, ETag: etag(whole)})
	}
}

func (s *Server) list(w http.ResponseWriter, q url.Values) {
	type entry struct {
		Key          string
		LastModified string
		Size         int
		ETag         string
	}
	out := struct {
		XMLName               xml.Name `xml:"ListBucketResult"`
		Name, Prefix          string
		KeyCount, MaxKeys     int
		IsTruncated           bool
		NextContinuationToken string
		Contents              []entry
	}{Name: Bucket, Prefix: q.Get("prefix"), MaxKeys: 3} // short pages, so that paging is exercised
	var keys []string
	for k := range s.objects {
		if strings.HasPrefix(k, out.Prefix) && k > q.Get("continuation-token") {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if len(keys) > out.MaxKeys {
		keys, out.IsTruncated, out.NextContinuationToken = keys[:out.MaxKeys], true, keys[out.MaxKeys-1]
	}
	for _, k := range keys {
		o := s.objects[k]
		out.Contents = append(out.Contents, entry{k, o.at.UTC().Format("2006-01-02T15:04:05.000Z"), len(o.body), etag(o.body)})
	}
	out.KeyCount = len(keys)
	writeXML(w, out)
}

func etag(b []byte) string {
	sum := md5.Sum(b) //nolint:gosec // the protocol's ETag
	return `"` + hex.EncodeToString(sum[:]) + `"`
}

// payload reads a body in each of the three ways it may be signed, and checks
// the checksum that travels with it.
func payload(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	crc := r.Header.Get("X-Amz-Checksum-Crc32c")
	switch signed := r.Header.Get("X-Amz-Content-Sha256"); {
	case strings.HasPrefix(signed, "STREAMING-"):
		if body, crc, err = unchunk(body); err != nil {
			return nil, err
		}
	case signed == "UNSIGNED-PAYLOAD":
	default:
		sum := sha256.Sum256(body)
		if hex.EncodeToString(sum[:]) != signed {
			return nil, fmt.Errorf("payload hash")
		}
	}
	if crc != "" {
		sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
		sum.Write(body)
		if base64.StdEncoding.EncodeToString(sum.Sum(nil)) != crc {
			return nil, fmt.Errorf("checksum")
		}
	}
	return body, nil
}

// unchunk decodes aws-chunked: size;chunk-signature=… CRLF bytes CRLF, then trailers.
func unchunk(b []byte) (body []byte, crc string, err error) {
	r := bufio.NewReader(bytes.NewReader(b))
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			return nil, "", err
		}
		hexSize, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(hexSize, 16, 64)
		if err != nil {
			return nil, "", err
		}
		if n == 0 {
			break
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(r, chunk); err != nil {
			return nil, "", err
		}
		body = append(body, chunk[:n]...)
	}
	for {
		line, err := r.ReadString('\n')
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok && strings.EqualFold(name, "x-amz-checksum-crc32c") {
			crc = value
		}
		if errors.Is(err, io.EOF) {
			return body, crc, nil
		}
		if err != nil {
			return nil, "", err
		}
	}
}
