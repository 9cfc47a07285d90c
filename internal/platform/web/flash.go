package web

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
)

// Message is a one-time message for the next page: a locale key with its
// values, never finished text, so that it follows a change of language.
type Message struct {
	Key  string         `json:"k"`
	Args map[string]any `json:"a,omitempty"`
	Warn bool           `json:"w,omitempty"` // not all went well
}

type flashes struct {
	read    []Message // from the cookie of this request
	taken   bool      // the page shows them
	pending []Message // set by this request for the next page
}

const flashCookie = "tb" // thông báo

// Flash leaves a message for the next page: what was just done. Call it before SeeOther.
// Values must be strings, numbers or booleans and should be no personal data.
func Flash(w http.ResponseWriter, r *http.Request, key string, kv ...any) {
	addFlash(w, r, Message{Key: key, Args: argMap(kv)})
}

// FlashWarning leaves a message that something needs attention.
func FlashWarning(w http.ResponseWriter, r *http.Request, key string, kv ...any) {
	addFlash(w, r, Message{Key: key, Args: argMap(kv), Warn: true})
}

func addFlash(w http.ResponseWriter, r *http.Request, m Message) {
	st := stateOf(r.Context())
	if st.site == nil {
		return
	}
	st.flash.pending = append(st.flash.pending, m)
	b, err := json.Marshal(st.flash.pending)
	if err != nil || len(b) > 2500 { // the cookie would be dropped by the browser; the change itself is done
		return
	}
	setCookie(w, &http.Cookie{
		Name: flashCookie, Value: st.site.seal(b), Path: "/", MaxAge: 120,
		HttpOnly: true, Secure: st.site.opts.HTTPS, SameSite: http.SameSiteLaxMode,
	})
}

// setCookie replaces an earlier Set-Cookie of the same name in this answer.
func setCookie(w http.ResponseWriter, c *http.Cookie) {
	h := w.Header()
	old := h.Values("Set-Cookie")
	h.Del("Set-Cookie")
	for _, v := range old {
		if !strings.HasPrefix(v, c.Name+"=") {
			h.Add("Set-Cookie", v)
		}
	}
	http.SetCookie(w, c)
}

// TakeFlash returns the messages left by the request before and marks them as
// shown. The layout calls it; pages do not.
func TakeFlash(ctx context.Context) []Message {
	st := stateOf(ctx)
	if len(st.flash.read) > 0 {
		st.flash.taken = true
	}
	return st.flash.read
}

func (s *Site) readFlash(r *http.Request) {
	c, err := r.Cookie(flashCookie)
	if err != nil {
		return
	}
	b, ok := s.open(c.Value)
	if !ok {
		return
	}
	var m []Message
	if json.Unmarshal(b, &m) == nil {
		stateOf(r.Context()).flash.read = m
	}
}

// consumeFlash removes the cookie once its messages are on a page.
func consumeFlash(w http.ResponseWriter, r *http.Request) {
	st := stateOf(r.Context())
	if st.flash.taken && len(st.flash.pending) == 0 {
		setCookie(w, &http.Cookie{Name: flashCookie, Path: "/", MaxAge: -1, HttpOnly: true, Secure: st.site.opts.HTTPS, SameSite: http.SameSiteLaxMode})
	}
}

func (s *Site) mac(b []byte) []byte {
	m := hmac.New(sha256.New, s.opts.Secret)
	m.Write([]byte("flash\x00"))
	m.Write(b)
	return m.Sum(nil)[:16]
}

func (s *Site) seal(b []byte) string {
	enc := base64.RawURLEncoding
	return enc.EncodeToString(b) + "." + enc.EncodeToString(s.mac(b))
}

func (s *Site) open(v string) ([]byte, bool) {
	body, tag, _ := strings.Cut(v, ".")
	enc := base64.RawURLEncoding
	b, err := enc.DecodeString(body)
	if err != nil {
		return nil, false
	}
	t, err := enc.DecodeString(tag)
	if err != nil || !hmac.Equal(t, s.mac(b)) {
		return nil, false
	}
	return b, true
}

func argMap(kv []any) map[string]any {
	if len(kv) < 2 {
		return nil
	}
	m := make(map[string]any, len(kv)/2)
	for i := 0; i+1 < len(kv); i += 2 {
		m[fmt.Sprint(kv[i])] = kv[i+1]
	}
	return m
}
