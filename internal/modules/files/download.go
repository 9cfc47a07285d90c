package files

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/blob"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/fold"
)

// mayRead is the one rule of reading: an unclaimed file is its owner's alone; a
// claimed one belongs to those who may read what claims it, and citizens keep
// what they brought. An officer's upload is the office's, not the officer's.
func (s *Service) mayRead(ctx context.Context, file blob.File, streams []string) error {
	actor := identity.From(ctx)
	mine := actor.AccountID != "" && file.Owner == actor.AccountID
	if mine && (len(streams) == 0 || actor.Kind == identity.KindCitizen || actor.Kind == identity.KindOrganisation) {
		return nil
	}
	if len(streams) == 0 {
		return errs.NewNotFound("file.not-found")
	}
	if err := s.access.MayRead(ctx, file, streams); errs.Is(err, errs.NotFound) {
		// The same words whatever the reason: they must not tell what holds the file.
		return errs.NewNotFound("file.not-found").Because(err)
	} else if err != nil {
		return err
	}
	return nil
}

// find returns a file the actor may read, by the verdict of the scan, too.
func (s *Service) find(ctx context.Context, id string) (blob.File, error) {
	file, err := s.files.Get(ctx, id)
	if err != nil {
		return blob.File{}, err
	}
	streams, err := s.files.Streams(ctx, s.files.Reader(), id)
	if err != nil {
		return blob.File{}, err
	}
	if err := s.mayRead(ctx, file, streams); err != nil {
		return blob.File{}, err
	}
	return file, s.files.Readable(file, owner(ctx))
}

// download sends a file. The name in the address is for the browser only.
func (s *Service) download(w http.ResponseWriter, r *http.Request) error {
	file, err := s.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return s.send(w, r, file)
}

// send streams a file with every protection a browser knows: it is what its
// content is, it has no rights, it is kept nowhere.
func (s *Service) send(w http.ResponseWriter, r *http.Request, file blob.File) (err error) {
	_, content, err := s.files.OpenFile(r.Context(), file.ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, content.Close()) }()
	inline := blob.InlineSafe(file.Type) && !r.URL.Query().Has("tai-ve")
	if file.Type == blob.Text {
		// The site may compress text, and a part of compressed text is a part of nothing.
		r = r.Clone(r.Context())
		r.Header.Del("Range")
	}
	h := w.Header()
	h.Set("Content-Type", contentType(file.Type))
	h.Set("Content-Disposition", disposition(inline, file.Name))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", policy(file.Type))
	h.Set("Cache-Control", "private, no-store")
	h.Set("ETag", `"`+file.Hash+`"`)
	http.ServeContent(&patientWriter{w, http.NewResponseController(w)}, r, "", file.CreatedAt, content)
	return nil
}

func contentType(mime string) string {
	if mime == blob.Text {
		return "text/plain; charset=utf-8"
	}
	return mime
}

// policy takes every right from what is shown. The PDF viewer of older Chromes (109
// is the last on the Windows 7 of many offices) does not start inside a sandbox,
// so a PDF is kept in by the rest alone: it may load nothing but itself, and be
// framed only by us.
func policy(mime string) string {
	if mime == blob.PDF {
		return "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'"
	}
	return "default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'self'; sandbox"
}

// disposition names the file in both ways that browsers understand (RFC 6266):
// old ones get the letters without marks.
func disposition(inline bool, name string) string {
	kind := "attachment"
	if inline {
		kind = "inline"
	}
	plain := strings.Map(func(c rune) rune {
		if c < 0x20 || c > 0x7e || c == '"' || c == '\\' || c == '%' {
			return '_'
		}
		return c
	}, fold.Strip(name))
	return kind + `; filename="` + plain + `"` + extended(name)
}

func extended(name string) string {
	v := mime.FormatMediaType("x", map[string]string{"filename": name})
	if i := strings.Index(v, "filename*="); i >= 0 {
		return "; " + v[i:]
	}
	return ""
}

// patientWriter lets a slow line take its time as long as it takes anything.
type patientWriter struct {
	http.ResponseWriter
	line *http.ResponseController
}

func (p *patientWriter) Write(b []byte) (int, error) {
	_ = p.line.SetWriteDeadline(time.Now().Add(patience)) // where it cannot be set the server's limits hold
	return p.ResponseWriter.Write(b)
}

func (p *patientWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }
