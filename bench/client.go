package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"
)

// client speaks to one server, many at once over connections that stay open.
type client struct {
	base  string
	token string
	http  *http.Client
}

func newClient(base, token string) *client {
	return &client{base: base, token: token, http: &http.Client{Timeout: time.Minute, Transport: &http.Transport{
		MaxIdleConnsPerHost: 256, MaxIdleConns: 256, DisableCompression: true, WriteBufferSize: 64 << 10,
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (c *client) as(token string) *client { return &client{c.base, token, c.http} }

type answer struct {
	status int
	body   []byte
}

func (c *client) do(ctx context.Context, method, path, key, kind string, body []byte) (answer, error) {
	var content io.Reader
	if body != nil {
		content = bytes.NewReader(body)
	}
	r, err := http.NewRequestWithContext(ctx, method, c.base+path, content)
	if err != nil {
		return answer{}, err
	}
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(r)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: res.StatusCode}
	a.body, err = io.ReadAll(res.Body)
	return a, errors.Join(err, res.Body.Close())
}

// get reads what must be there.
func (c *client) get(ctx context.Context, path string, v any) error {
	a, err := c.do(ctx, http.MethodGet, path, "", "", nil)
	return a.into(err, path, v)
}

// post sends JSON and reads what must come back.
func (c *client) post(ctx context.Context, path, key string, body, v any) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return err
	}
	a, err := c.do(ctx, http.MethodPost, path, key, "application/json", raw)
	return a.into(err, path, v)
}

func (a answer) into(err error, path string, v any) error {
	if err != nil {
		return err
	}
	if a.status != http.StatusOK && a.status != http.StatusCreated {
		return fmt.Errorf("%s: status %d: %.300s", path, a.status, a.body)
	}
	if v == nil {
		return nil
	}
	if err := json.Unmarshal(a.body, v); err != nil {
		return fmt.Errorf("%s: %w in %.200s", path, err, a.body)
	}
	return nil
}

func key() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// crowd lets n workers do work over and over until the time is up, and gives how
// long each piece took. The first failure ends it.
func crowd(ctx context.Context, n int, over time.Duration, work func(ctx context.Context, worker, round int) error) (spread, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	began := time.Now()
	took := make([][]time.Duration, n)
	var wg sync.WaitGroup
	for w := range n {
		wg.Go(func() {
			for round := 0; time.Since(began) < over && ctx.Err() == nil; round++ {
				start := time.Now()
				if err := work(ctx, w, round); err != nil {
					cancel(err)
					return
				}
				took[w] = append(took[w], time.Since(start))
			}
		})
	}
	wg.Wait()
	elapsed := time.Since(began)
	if err := context.Cause(ctx); err != nil {
		return spread{}, err
	}
	var all []time.Duration
	for _, t := range took {
		all = append(all, t...)
	}
	return spreadOf(all, elapsed), nil
}
