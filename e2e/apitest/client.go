package apitest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Client is a program connected to a house with a token ("" a visitor).
type Client struct {
	Base, Token string
	http        *http.Client
}

// NewClient connects.
func NewClient(base, token string) *Client {
	return &Client{Base: base, Token: token, http: &http.Client{
		Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 100},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request: body is nil, a []byte sent as it is, or anything else sent as
// JSON; key is the Idempotency-Key, "" for none.
func (c *Client) Do(method, path, key string, body any) (Answer, error) {
	var content io.Reader
	kind := ""
	switch b := body.(type) {
	case nil:
	case []byte:
		content, kind = bytes.NewReader(b), "application/octet-stream"
	default:
		raw, err := json.Marshal(b)
		if err != nil {
			return Answer{}, err
		}
		content, kind = bytes.NewReader(raw), "application/json"
	}
	header := http.Header{}
	if kind != "" {
		header.Set("Content-Type", kind)
	}
	if key != "" {
		header.Set("Idempotency-Key", key)
	}
	return c.Send(method, path, header, content)
}

// Send is Do with headers of the caller's own.
func (c *Client) Send(method, path string, header http.Header, content io.Reader) (Answer, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, c.Base+path, content)
	if err != nil {
		return Answer{}, err
	}
	r.Header = header
	if c.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.Token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer func() { _ = res.Body.Close() }() // read to its end
	a := Answer{Status: res.StatusCode, Header: res.Header}
	a.Body, err = io.ReadAll(res.Body)
	return a, err
}

// Call is Do for requests that must come through.
func (c *Client) Call(t T, method, path, key string, body any) Answer {
	t.Helper()
	a, err := c.Do(method, path, key, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return a
}

// Get reads into v what must be there.
func (c *Client) Get(t T, path string, v any) {
	t.Helper()
	c.Call(t, http.MethodGet, path, "", nil).Into(t, http.StatusOK, v)
}

// Post sends body and reads the answer, which must be 200 or 201, into v.
func (c *Client) Post(t T, path, key string, body, v any) {
	t.Helper()
	a := c.Call(t, http.MethodPost, path, key, body)
	want := http.StatusOK
	if a.Status == http.StatusCreated {
		want = a.Status
	}
	a.Into(t, want, v)
}

// Into reads an answer that must have the status.
func (a Answer) Into(t T, status int, v any) {
	t.Helper()
	if a.Status != status {
		t.Fatalf("status %d, want %d: %.2000s", a.Status, status, a.Body)
	}
	if v != nil {
		if err := json.Unmarshal(a.Body, v); err != nil {
			t.Fatalf("%v in %.2000s", err, a.Body)
		}
	}
}

// Problem is how operations refuse (RFC 9457).
type Problem struct {
	Title, Detail, Code, Reference string
	Status                         int
	Errors                         []struct{ Name, Detail string }
}

// Names are the fields that were wrong.
func (p Problem) Names() string {
	var names []string
	for _, e := range p.Errors {
		names = append(names, e.Name)
	}
	return strings.Join(names, " ")
}

// Refused reads a refusal and fails the test unless it has the status, the form of
// a problem, and holds none of the values that were sent.
func (a Answer) Refused(t T, status int, sent ...string) Problem {
	t.Helper()
	var p Problem
	a.Into(t, status, &p)
	if kind := a.Header.Get("Content-Type"); kind != "application/problem+json" {
		t.Errorf("a refusal is %q", kind)
	}
	if p.Status != status || p.Title == "" || p.Detail == "" || p.Reference == "" {
		t.Errorf("a refusal lacks something: %s", a.Body)
	}
	if p.Code == "" && status < 500 {
		t.Errorf("a refusal without a code: %s", a.Body)
	}
	if strings.Contains(string(a.Body), "⟦") || strings.Contains(p.Detail, "{") {
		t.Errorf("a refusal lacks words: %s", a.Body)
	}
	for _, s := range sent {
		if strings.Contains(string(a.Body), s) {
			t.Errorf("a refusal echoes %q: %s", s, a.Body)
		}
	}
	return p
}

// Token makes an API token on the command line, also while the house is open.
func (p *Program) Token(t T, login string, house ...string) string {
	t.Helper()
	r := p.Must(t, append([]string{"token", "create", "--login", login, "--name", "e2e"}, house...)...)
	if token := r.Last(); !strings.Contains(token, " ") && len(token) > 20 {
		return token
	}
	t.Fatal(fmt.Errorf("no token in the last line: %s", r))
	return ""
}

// HangUp closes the lines that nobody speaks on.
func (c *Client) HangUp() { c.http.CloseIdleConnections() }
