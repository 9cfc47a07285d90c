package files

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

// tus is the version of the protocol (tus.io) that the same doors speak.
const tus = "1.0.0"

// wire is a file as programs see it.
type wire struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Size int64  `json:"size" doc:"Bytes."`
	Type string `json:"type" doc:"MIME type found in the content."`
	Hash string `json:"hash" doc:"SHA-256 of the content, hex."`
	Scan string `json:"scan" enum:"clean,pending,quarantined,infected" doc:"Verdict of the virus scan."`
	Href string `json:"href" doc:"Where to download it."`
}

func wireOf(f blob.File) wire {
	return wire{ID: f.ID, Name: f.Name, Size: f.Size, Type: f.Type, Hash: f.Hash, Scan: f.Scan, Href: Href(f)}
}

// Href is the address of a file.
func Href(f blob.File) string { return "/tep/" + f.ID + "/" + url.PathEscape(f.Name) }

func isTus(r *http.Request) bool { return r.Header.Get("Tus-Resumable") != "" }

// create begins a resumable upload, or takes the files of a plain form.
func (s *Service) create(w http.ResponseWriter, r *http.Request) error {
	if kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type")); kind == "multipart/form-data" {
		return s.form(w, r)
	}
	up := blob.Upload{Owner: owner(r.Context()), Key: r.Header.Get("Idempotency-Key")}
	if isTus(r) {
		if err := tusBegin(w, r, &up); err != nil {
			return err
		}
	} else {
		var in struct {
			Name string `json:"name"`
			Size int64  `json:"size"`
		}
		r.Body = http.MaxBytesReader(w, r.Body, 16<<10)
		if err := web.ReadJSON(r, &in); err != nil {
			return err
		}
		up.Name, up.Size = in.Name, in.Size
	}
	up, err := s.files.Begin(r.Context(), up)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/tep/"+up.ID)
	uploadHeaders(w, up)
	if isTus(r) {
		w.WriteHeader(http.StatusCreated)
		return nil
	}
	return web.JSON(w, r, http.StatusCreated, map[string]any{"id": up.ID, "offset": up.Offset})
}

// tusBegin reads what a tus client says about its file.
func tusBegin(w http.ResponseWriter, r *http.Request, up *blob.Upload) error {
	if err := tusVersion(w, r); err != nil {
		return err
	}
	up.Size = -1
	if r.Header.Get("Upload-Defer-Length") != "1" {
		n, err := strconv.ParseInt(r.Header.Get("Upload-Length"), 10, 64)
		if err != nil || n < 0 {
			return errs.New(errs.Invalid, "upload.bad-request").Because(errors.New("Upload-Length is missing"))
		}
		up.Size = n
	}
	for pair := range strings.SplitSeq(r.Header.Get("Upload-Metadata"), ",") {
		key, value, _ := strings.Cut(strings.TrimSpace(pair), " ")
		if key == "filename" || key == "name" {
			b, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				return errs.New(errs.Invalid, "upload.bad-request").Because(fmt.Errorf("Upload-Metadata: %w", err))
			}
			up.Name = string(b)
		}
	}
	return nil
}

// tusVersion refuses clients of another version before they change anything.
func tusVersion(w http.ResponseWriter, r *http.Request) error {
	if !isTus(r) {
		return nil
	}
	w.Header().Set("Tus-Resumable", tus)
	if v := r.Header.Get("Tus-Resumable"); v != tus {
		w.Header().Set("Tus-Version", tus)
		return errs.New(errs.Conflict, "upload.bad-request").Because(fmt.Errorf("tus version %q", v))
	}
	return nil
}

func uploadHeaders(w http.ResponseWriter, up blob.Upload) {
	h := w.Header()
	h.Set("Upload-Offset", strconv.FormatInt(up.Offset, 10))
	if up.Size >= 0 {
		h.Set("Upload-Length", strconv.FormatInt(up.Size, 10))
	} else {
		h.Set("Upload-Defer-Length", "1")
	}
	h.Set("Upload-Expires", up.ExpiresAt.UTC().Format(http.TimeFormat))
	h.Set("Cache-Control", "no-store")
}

// options tells tus clients what there is.
func (s *Service) options(w http.ResponseWriter, _ *http.Request) error {
	h := w.Header()
	h.Set("Tus-Resumable", tus)
	h.Set("Tus-Version", tus)
	h.Set("Tus-Extension", "creation,creation-defer-length,expiration,termination")
	h.Set("Tus-Max-Size", strconv.FormatInt(s.files.MaxFile(), 10))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// patch adds a piece.
func (s *Service) patch(w http.ResponseWriter, r *http.Request) error {
	if err := tusVersion(w, r); err != nil {
		return err
	}
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	offset, err := strconv.ParseInt(r.Header.Get("Upload-Offset"), 10, 64)
	if err != nil || kind != "application/octet-stream" && kind != "application/offset+octet-stream" {
		return errs.New(errs.Invalid, "upload.bad-request").Because(fmt.Errorf("Upload-Offset %q, Content-Type %q", r.Header.Get("Upload-Offset"), kind))
	}
	up, err := s.files.Append(r.Context(), r.PathValue("id"), owner(r.Context()), offset, steady(w, r))
	if up.ID != "" {
		uploadHeaders(w, up)
	}
	if cut := (*cutError)(nil); errors.As(err, &cut) {
		// What came is kept. Nobody is listening any more, but a proxy might be.
		return errs.New(errs.Unavailable, "upload.cut").Because(cut.err)
	}
	if err != nil {
		return err
	}
	if isTus(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return web.JSON(w, r, http.StatusOK, map[string]any{"offset": up.Offset})
}

// head says how far an upload came.
func (s *Service) head(w http.ResponseWriter, r *http.Request) error {
	if err := tusVersion(w, r); err != nil {
		return err
	}
	up, err := s.files.Upload(r.Context(), r.PathValue("id"), owner(r.Context()))
	if err != nil {
		return err
	}
	if up.State == blob.UploadRefused {
		return errs.New(errs.Gone, "upload.refused")
	}
	uploadHeaders(w, up)
	w.WriteHeader(http.StatusOK)
	return nil
}

// abort gives an upload up.
func (s *Service) abort(w http.ResponseWriter, r *http.Request) error {
	if err := tusVersion(w, r); err != nil {
		return err
	}
	if err := s.files.Abort(r.Context(), r.PathValue("id"), owner(r.Context())); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// finish turns a complete upload into a file.
func (s *Service) finish(w http.ResponseWriter, r *http.Request) error {
	f, err := s.files.Finish(r.Context(), r.PathValue("id"), owner(r.Context()))
	if err != nil {
		return err
	}
	return web.JSON(w, r, http.StatusOK, wireOf(f))
}

// form takes the files of a plain form and goes back to the page named in its
// field "next" with the ids in "tep"; programs that accept JSON get the list.
func (s *Service) form(w http.ResponseWriter, r *http.Request) error {
	r.Body = io.NopCloser(steady(w, r))
	saved := []wire{}
	values, err := web.Upload(r, func(part web.File) error {
		if len(saved) >= s.most {
			return errs.New(errs.TooLarge, "upload.too-many-files", "max", s.most)
		}
		key := ""
		if k := r.Header.Get("Idempotency-Key"); k != "" {
			key = fmt.Sprintf("%s/%d", k, len(saved))
		}
		f, err := s.save(r.Context(), part.Name, key, part.Body)
		if err != nil {
			return err
		}
		saved = append(saved, wireOf(f))
		return nil
	})
	if cut := (*cutError)(nil); errors.As(err, &cut) {
		return errs.New(errs.Unavailable, "upload.cut").Because(cut.err)
	}
	if err != nil {
		return err
	}
	if len(saved) == 0 {
		return errs.New(errs.Invalid, "upload.no-file")
	}
	next := values.Get("next")
	if next == "" || strings.Contains(r.Header.Get("Accept"), "application/json") {
		return web.JSON(w, r, http.StatusCreated, map[string]any{"files": saved})
	}
	u, err := url.Parse(web.LocalURL(next))
	if err != nil {
		return errs.New(errs.Invalid, "upload.bad-request").Because(err)
	}
	q := u.Query()
	for _, f := range saved {
		q.Add("tep", f.ID)
	}
	u.RawQuery = q.Encode()
	web.Flash(w, r, "files.saved", "n", len(saved))
	return web.SeeOther(w, r, u.String())
}

// patience is how long a line may be silent before it counts as cut.
const patience = time.Minute

// cutError marks an error of the line, as against one of the store.
type cutError struct{ err error }

func (c *cutError) Error() string { return "the line was cut: " + c.err.Error() }
func (c *cutError) Unwrap() error { return c.err }

// steady reads a body for as long as something keeps coming.
func steady(w http.ResponseWriter, r *http.Request) io.Reader {
	return &steadyReader{http.NewResponseController(w), r.Body}
}

type steadyReader struct {
	line *http.ResponseController
	body io.Reader
}

func (s *steadyReader) Read(p []byte) (int, error) {
	// Where the server cannot do this (tests without a connection) its own limits hold.
	_ = s.line.SetReadDeadline(time.Now().Add(patience))
	n, err := s.body.Read(p)
	if errors.Is(err, io.EOF) {
		_ = s.line.SetReadDeadline(time.Time{})
		return n, io.EOF
	}
	if err != nil {
		return n, &cutError{err}
	}
	return n, nil
}
