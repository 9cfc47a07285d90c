package web

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"sync"

	"github.com/a-h/templ"
)

// keepBuffer is the largest buffer that goes back to the pool: one huge report
// must not stay in memory for ever.
const keepBuffer = 1 << 20

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// Render writes a page: the component is rendered to memory first, so that an
// error gives an error page and not half a page.
func Render(w http.ResponseWriter, r *http.Request, status int, c templ.Component) error {
	buf := buffers.Get().(*bytes.Buffer)
	defer func() {
		if buf.Cap() <= keepBuffer {
			buf.Reset()
			buffers.Put(buf)
		}
	}()
	if err := c.Render(r.Context(), buf); err != nil {
		return fmt.Errorf("render page: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	cacheRules(h, r)
	consumeFlash(w, r)
	return send(w, r, status, buf.Bytes())
}

// cacheRules keeps what a signed-in person saw out of every cache, also the one
// behind the back button: public computers in the commune hall are shared.
func cacheRules(h http.Header, r *http.Request) {
	if h.Get("Cache-Control") != "" {
		return
	}
	if signedIn(r.Context()) {
		h.Set("Cache-Control", "no-store")
	} else {
		h.Set("Cache-Control", "private, no-cache")
	}
	h.Add("Vary", "Cookie")
}

// JSON writes v as a JSON answer for the small endpoints that scripts call.
func JSON(w http.ResponseWriter, r *http.Request, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	h := w.Header()
	h.Set("Content-Type", "application/json")
	cacheRules(h, r)
	return send(w, r, status, append(b, '\n'))
}

// SeeOther sends the browser to url after a successful change (303): reloading
// the page then does not repeat the change. url is a path of this site.
func SeeOther(w http.ResponseWriter, r *http.Request, url string) error {
	url = LocalURL(url)
	if r.Header.Get("HX-Request") == "true" && r.Header.Get("HX-Boosted") != "true" {
		// A fragment request must not swap a whole page into a corner of another.
		w.Header().Set("HX-Redirect", url)
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	w.Header().Set("Location", url)
	w.WriteHeader(http.StatusSeeOther)
	return nil
}

// Attachment streams a file to download under its own name (any Unicode). size is
// in bytes, -1 when unknown. Once the first byte is out an error can only cut
// the connection, so the reader should have been opened and checked before.
func Attachment(w http.ResponseWriter, r *http.Request, name, contentType string, size int64, body io.Reader) error {
	return stream(w, r, "attachment", name, contentType, size, body)
}

// Inline is Attachment for what the browser may show itself. Only PDF and raster images
// are shown: everything else is downloaded, so that an uploaded page never runs as ours.
func Inline(w http.ResponseWriter, r *http.Request, name, contentType string, size int64, body io.Reader) error {
	disposition := "attachment"
	switch contentType {
	case "application/pdf", "image/png", "image/jpeg", "image/webp", "image/gif":
		disposition = "inline"
	}
	return stream(w, r, disposition, name, contentType, size, body)
}

func stream(w http.ResponseWriter, r *http.Request, disposition, name, contentType string, size int64, body io.Reader) error {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Disposition", mime.FormatMediaType(disposition, map[string]string{"filename": name}))
	cacheRules(h, r)
	// A file somebody uploaded gets no rights at all, whatever it contains. Browsers
	// refuse to open their PDF reader inside a sandbox, and a PDF cannot script the site.
	policy := "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
	if contentType != "application/pdf" {
		policy += "; sandbox"
	}
	h.Set("Content-Security-Policy", policy)
	if size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(size, 10))
	}
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := io.Copy(w, body); err != nil {
		return fmt.Errorf("stream file: %w", err)
	}
	return nil
}

func send(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return nil
	}
	if _, err := w.Write(body); err != nil {
		// The reader went away. Nothing can be sent any more; the log event says so.
		noteGone(r.Context(), err)
	}
	return nil
}
