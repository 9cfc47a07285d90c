package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// minCompress is the body size in bytes under which compression costs more than it saves.
const minCompress = 1024

var gzippers = sync.Pool{New: func() any {
	z, err := gzip.NewWriterLevel(nil, 5)
	if err != nil { // the level is a constant
		panic(err)
	}
	return z
}}

// compressor gzips text answers. It decides at the first write, when type and size
// of the first piece are known; pages come in one piece.
type compressor struct {
	rec     *recorder
	accepts bool
	decided bool
	status  int
	zip     *gzip.Writer
}

func newCompressor(rec *recorder, r *http.Request) *compressor {
	return &compressor{rec: rec, accepts: acceptsEncoding(r, "gzip") && r.Method != http.MethodHead}
}

func (c *compressor) Header() http.Header { return c.rec.Header() }

// WriteHeader waits for the first byte, so that the headers can say how the body is encoded.
func (c *compressor) WriteHeader(status int) {
	if status < 200 {
		c.rec.WriteHeader(status)
		return
	}
	if c.status == 0 {
		c.status = status
	}
	if bodyless(status) {
		c.decide(0)
	}
}

func bodyless(status int) bool {
	return status == http.StatusNoContent || status == http.StatusNotModified || status >= 300 && status < 400
}

func (c *compressor) Write(b []byte) (int, error) {
	if !c.decided {
		if c.status == 0 {
			c.status = http.StatusOK
		}
		c.decide(len(b))
	}
	if c.zip != nil {
		return c.zip.Write(b)
	}
	return c.rec.Write(b)
}

func (c *compressor) decide(size int) {
	if c.decided {
		return
	}
	c.decided = true
	h := c.Header()
	if size > 0 && compressible(h.Get("Content-Type")) && h.Get("Content-Encoding") == "" {
		h.Add("Vary", "Accept-Encoding")
		if c.accepts && size >= minCompress {
			h.Set("Content-Encoding", "gzip")
			h.Del("Content-Length")
			c.zip = gzippers.Get().(*gzip.Writer)
			c.zip.Reset(c.rec)
		}
	}
	c.rec.WriteHeader(c.status)
}

// Flush sends what is there: event streams depend on it.
func (c *compressor) Flush() {
	if !c.decided && c.status == 0 {
		c.status = http.StatusOK
	}
	c.decide(0)
	if c.zip != nil {
		_ = c.zip.Flush()
	}
	_ = http.NewResponseController(c.rec).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (c *compressor) Unwrap() http.ResponseWriter { return c.rec }

// Close ends the answer.
func (c *compressor) Close() {
	if c.status != 0 {
		c.decide(0)
	}
	if c.zip != nil {
		_ = c.zip.Close()
		c.zip.Reset(nil)
		gzippers.Put(c.zip)
		c.zip = nil
	}
}

func compressible(contentType string) bool {
	t, _, _ := strings.Cut(contentType, ";")
	switch {
	case t == "text/event-stream":
		return false
	case strings.HasPrefix(t, "text/"), strings.HasSuffix(t, "json"), strings.HasSuffix(t, "xml"), t == "application/javascript":
		return true
	}
	return false
}

// acceptsEncoding reads Accept-Encoding; "gzip;q=0" is a refusal.
func acceptsEncoding(r *http.Request, name string) bool {
	for _, part := range strings.Split(r.Header.Get("Accept-Encoding"), ",") {
		enc, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		if enc == name {
			q := strings.ReplaceAll(params, " ", "")
			return q != "q=0" && q != "q=0.0" && q != "q=0.00" && q != "q=0.000"
		}
	}
	return false
}
