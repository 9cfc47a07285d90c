package account

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// Limits of what is parked.
const (
	parkMost   = 256 << 10 // bytes of typed content
	parkStream = 64 << 20  // bytes of a multipart body that are read in search of its fields
	parkLife   = 30 * time.Minute
	parkCookie = "motcua_gui"
)

// parked is a form that waits for its owner to sign in.
type parked struct {
	Path   string      `json:"path"` // with query
	Fields [][2]string `json:"fields"`
	Files  int         `json:"files"` // how many chosen files could not be kept
}

// Park is middleware that goes behind identity's. When a form posted by somebody
// who is not signed in is answered by sending them to the sign-in page, what they
// typed is parked for half an hour.
func (s *Service) Park(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || !s.parks(r.URL.Path) || !navigation(r) {
			next.ServeHTTP(w, r)
			return
		}
		if identity.From(r.Context()).SignedIn() {
			next.ServeHTTP(s.replayed(w, r), r)
			return
		}
		next.ServeHTTP(&parkingWriter{ResponseWriter: w, r: r, s: s}, r)
	})
}

// parks reports whether forms of this path may be parked: never those that carry
// passwords, nor the API, whose callers keep their own.
func (s *Service) parks(path string) bool {
	for _, no := range []string{"/dang-", "/dat-mat-khau", "/tai-khoan/mat-khau", "/api/", "/tep"} {
		if strings.HasPrefix(path, no) {
			return false
		}
	}
	return true
}

// navigation reports whether the browser goes to a page with this request. What
// scripts send by the way (autosave, fragments) cannot be sent again as a page.
func navigation(r *http.Request) bool {
	mode := r.Header.Get("Sec-Fetch-Mode") // older browsers do not say
	return r.Header.Get("HX-Request") == "" && (mode == "" || mode == "navigate")
}

// parkingWriter notices that the answer sends a person to the sign-in page.
type parkingWriter struct {
	http.ResponseWriter
	r    *http.Request
	s    *Service
	done bool
}

// Unwrap lets the site look through.
func (w *parkingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader parks before the first byte leaves.
func (w *parkingWriter) WriteHeader(status int) {
	if !w.done && status == http.StatusSeeOther && toSignIn(w.Header().Get("Location")) {
		w.done = true
		// Parking is a courtesy: when it fails, the person still gets to sign in.
		if err := w.s.park(w.ResponseWriter, w.r); err != nil {
			w.s.log.WarnContext(w.r.Context(), "form not parked", "error", err)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

func toSignIn(location string) bool {
	return location == signInPath || strings.HasPrefix(location, signInPath+"?")
}

// errNothing says that there is nothing worth keeping.
var errNothing = errors.New("nothing to keep")

func (s *Service) park(w http.ResponseWriter, r *http.Request) error {
	p, err := readForm(r)
	if errors.Is(err, errNothing) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range p.Fields {
		if name := strings.ToLower(f[0]); strings.Contains(name, "password") {
			return nil
		}
	}
	plain, err := json.Marshal(p)
	if err != nil {
		return err
	}
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	sealed, err := seal(secret, plain)
	if err != nil {
		return err
	}
	now := s.now()
	err = s.db.Tx(r.Context(), func(tx *sqldb.Tx) error {
		_, err := tx.Exec(r.Context(), `INSERT INTO account_parked (id, account_id, sealed, created_at, expires_at) VALUES ($1, $2, $3, $4, $5)`,
			parkID(secret), identity.PriorAccount(r.Context()), sealed, sqldb.Millis(now), sqldb.Millis(now.Add(parkLife)))
		return err
	})
	if err != nil {
		return fmt.Errorf("store parked form: %w", err)
	}
	s.setParkCookie(w, base64.RawURLEncoding.EncodeToString(secret), int(parkLife/time.Second))
	return nil
}

func (s *Service) setParkCookie(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{
		Name: parkCookie, Value: value, Path: "/", MaxAge: age, HttpOnly: true, Secure: s.https, SameSite: http.SameSiteLaxMode,
	})
}

// readForm reads the typed fields of a body nobody has read yet. Chosen files are
// only counted: the browser must send them again.
func readForm(r *http.Request) (parked, error) {
	p := parked{Path: web.LocalURL(r.URL.RequestURI())}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return p, errNothing
	}
	switch kind {
	case "application/x-www-form-urlencoded":
		body, err := io.ReadAll(io.LimitReader(r.Body, parkMost+1))
		if err != nil {
			return p, fmt.Errorf("read form: %w", err)
		}
		if len(body) == 0 || len(body) > parkMost {
			return p, errNothing
		}
		p.Fields = ordered(string(body))
	case "multipart/form-data":
		if err := p.readParts(multipart.NewReader(io.LimitReader(r.Body, parkStream), params["boundary"])); err != nil {
			return p, err
		}
	default:
		return p, errNothing
	}
	if len(p.Fields) == 0 {
		return p, errNothing
	}
	return p, nil
}

// ordered splits an urlencoded body and keeps the order of its fields.
func ordered(body string) [][2]string {
	var fields [][2]string
	for pair := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(pair, "=")
		n, errN := url.QueryUnescape(name)
		v, errV := url.QueryUnescape(value)
		if errN == nil && errV == nil && n != "" {
			fields = append(fields, [2]string{n, v})
		}
	}
	return fields
}

func (p *parked) readParts(mr *multipart.Reader) error {
	room := int64(parkMost)
	for range 2000 {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		if part.FileName() != "" {
			p.Files++
			continue
		}
		if _, isFile := part.Header["Content-Type"]; isFile {
			continue // a file input left empty
		}
		b, err := io.ReadAll(io.LimitReader(part, room+1))
		if err != nil {
			return fmt.Errorf("read form: %w", err)
		}
		if room -= int64(len(b)); room < 0 {
			return errNothing
		}
		p.Fields = append(p.Fields, [2]string{part.FormName(), string(b)})
	}
	return errNothing
}

// claim binds the parked form of this browser to the account that has just signed
// in and reports whether there is one for it. What belongs to somebody else is
// thrown away: the next person at a shared computer must not see it.
func (s *Service) claim(w http.ResponseWriter, r *http.Request, accountID string) (bool, error) {
	secret, ok := parkSecret(r)
	if !ok {
		return false, nil
	}
	ctx := r.Context()
	mine := false
	err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		mine = false
		var owner string
		var expires int64
		err := tx.QueryRow(ctx, `SELECT account_id, expires_at FROM account_parked WHERE id = $1`, parkID(secret)).Scan(&owner, &expires)
		if errors.Is(err, sqldb.ErrNotFound) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("find parked form: %w", err)
		}
		if owner != "" && owner != accountID || s.now().After(sqldb.Time(expires)) {
			_, err = tx.Exec(ctx, `DELETE FROM account_parked WHERE id = $1`, parkID(secret))
			return err
		}
		mine = true
		_, err = tx.Exec(ctx, `UPDATE account_parked SET account_id = $1 WHERE id = $2`, accountID, parkID(secret))
		return err
	})
	if err != nil {
		return false, err
	}
	if !mine {
		s.setParkCookie(w, "", -1)
	}
	return mine, nil
}

// waiting reports whether this browser has a parked form, before anybody signs in.
func (s *Service) waiting(r *http.Request) bool {
	secret, ok := parkSecret(r)
	if !ok {
		return false
	}
	var expires int64
	err := s.db.QueryRow(r.Context(), `SELECT expires_at FROM account_parked WHERE id = $1`, parkID(secret)).Scan(&expires)
	return err == nil && s.now().Before(sqldb.Time(expires))
}

// parkedFor returns the parked form of this browser when it is the account's own.
func (s *Service) parkedFor(r *http.Request, accountID string) (parked, bool, error) {
	secret, ok := parkSecret(r)
	if !ok {
		return parked{}, false, nil
	}
	var sealed string
	var expires int64
	err := s.db.QueryRow(r.Context(), `SELECT sealed, expires_at FROM account_parked WHERE id = $1 AND account_id = $2`, parkID(secret), accountID).Scan(&sealed, &expires)
	if errors.Is(err, sqldb.ErrNotFound) || err == nil && s.now().After(sqldb.Time(expires)) {
		return parked{}, false, nil
	}
	if err != nil {
		return parked{}, false, fmt.Errorf("find parked form: %w", err)
	}
	plain, err := open(secret, sealed)
	if err != nil {
		return parked{}, false, fmt.Errorf("open parked form: %w", err)
	}
	var p parked
	if err := json.Unmarshal(plain, &p); err != nil {
		return parked{}, false, fmt.Errorf("read parked form: %w", err)
	}
	return p, true, nil
}

func (s *Service) forget(ctx context.Context, r *http.Request) error {
	secret, ok := parkSecret(r)
	if !ok {
		return nil
	}
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM account_parked WHERE id = $1`, parkID(secret))
		return err
	})
}

// replayed returns a writer that forgets the parked form of this browser once it
// has been sent and accepted; while the server finds faults in it, it stays.
func (s *Service) replayed(w http.ResponseWriter, r *http.Request) http.ResponseWriter {
	if _, ok := parkSecret(r); !ok {
		return w
	}
	p, found, err := s.parkedFor(r, identity.From(r.Context()).AccountID)
	if err != nil || !found || p.Path != web.LocalURL(r.URL.RequestURI()) {
		return w
	}
	return &forgettingWriter{ResponseWriter: w, r: r, s: s}
}

type forgettingWriter struct {
	http.ResponseWriter
	r    *http.Request
	s    *Service
	done bool
}

// Unwrap lets the site look through.
func (w *forgettingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader forgets on success.
func (w *forgettingWriter) WriteHeader(status int) {
	if !w.done && status < 400 {
		w.done = true
		w.s.setParkCookie(w.ResponseWriter, "", -1)
		if err := w.s.forget(context.WithoutCancel(w.r.Context()), w.r); err != nil {
			w.s.log.WarnContext(w.r.Context(), "parked form not removed", "error", err)
		}
	}
	w.ResponseWriter.WriteHeader(status)
}

// sweep removes parked forms that nobody came back for.
func (s *Service) sweep(ctx context.Context) error {
	return s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM account_parked WHERE expires_at < $1`, sqldb.Millis(s.now()))
		return err
	})
}

func parkSecret(r *http.Request) ([]byte, bool) {
	c, err := r.Cookie(parkCookie)
	if err != nil {
		return nil, false
	}
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	return b, err == nil && len(b) == 32
}

// parkID and the key of the cipher both come from the cookie; neither leads to
// the other, so the table alone opens nothing.
func parkID(secret []byte) string {
	sum := sha256.Sum256(append([]byte("parked id\x00"), secret...))
	return hex.EncodeToString(sum[:])
}

func parkCipher(secret []byte) (cipher.AEAD, error) {
	key := sha256.Sum256(append([]byte("parked key\x00"), secret...))
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

func seal(secret, plain []byte) (string, error) {
	gcm, err := parkCipher(secret)
	if err != nil {
		return "", err
	}
	nonce := make([]byte, gcm.NonceSize())
	if _, err := rand.Read(nonce); err != nil {
		return "", err
	}
	return base64.StdEncoding.EncodeToString(gcm.Seal(nonce, nonce, plain, nil)), nil
}

func open(secret []byte, sealed string) ([]byte, error) {
	gcm, err := parkCipher(secret)
	if err != nil {
		return nil, err
	}
	b, err := base64.StdEncoding.DecodeString(sealed)
	if err != nil {
		return nil, err
	}
	if len(b) < gcm.NonceSize() {
		return nil, errors.New("too short")
	}
	return gcm.Open(nil, b[:gcm.NonceSize()], bytes.Clone(b[gcm.NonceSize():]), nil)
}
