package apitest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// Retry says whether to try again after what happened; err is nil when there was
// an answer that is no success.
type Retry func(a Answer, err error) bool

// Pieces uploads content in pieces and goes on where a lost answer or a cut line
// left it, for as long as retry says so. It gives the id of the file.
func (c *Client) Pieces(name, key string, content []byte, size int, retry Retry) (string, error) {
	var began struct{ ID string }
	if err := c.insist(http.MethodPost, "/tep", http.Header{"Content-Type": {"application/json"}, "Idempotency-Key": {key}},
		fmt.Appendf(nil, `{"name":%q,"size":%d}`, name, len(content)), &began, retry); err != nil {
		return "", err
	}
	path := "/tep/" + began.ID
	for at := 0; at < len(content); {
		end := min(at+size, len(content))
		a, err := c.Send(http.MethodPatch, path, http.Header{"Content-Type": {"application/octet-stream"}, "Upload-Offset": {strconv.Itoa(at)}}, bytes.NewReader(content[at:end]))
		if err == nil && a.Status == http.StatusOK {
			at = end
			continue
		}
		if (err == nil && a.Status != http.StatusConflict) && !retry(a, nil) || err != nil && !retry(a, err) {
			return "", fmt.Errorf("%s at %d: %w, status %d: %.300s", path, at, err, a.Status, a.Body)
		}
		// Ask how far it came: what arrived before the line was cut is kept.
		var far Answer
		for {
			far, err = c.Send(http.MethodHead, path, http.Header{}, nil)
			if err == nil && far.Status == http.StatusOK {
				break
			}
			if !retry(far, err) {
				return "", fmt.Errorf("%s: %w, status %d", path, err, far.Status)
			}
		}
		if at, err = strconv.Atoi(far.Header.Get("Upload-Offset")); err != nil {
			return "", err
		}
	}
	var file struct{ ID string }
	if err := c.insist(http.MethodPost, path+"/xong", http.Header{}, nil, &file, retry); err != nil {
		return "", err
	}
	return file.ID, nil
}

// Insist sends a request until it is answered with success, for as long as retry
// says so: always with the same key, so that it counts once.
func (c *Client) Insist(method, path, key string, body, v any, retry Retry) error {
	raw, isRaw := body.([]byte)
	kind := "application/octet-stream"
	if !isRaw && body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		raw, kind = text, "application/json"
	}
	h := http.Header{}
	if body != nil {
		h.Set("Content-Type", kind)
	}
	if key != "" {
		h.Set("Idempotency-Key", key)
	}
	return c.insist(method, path, h, raw, v, retry)
}

func (c *Client) insist(method, path string, h http.Header, body []byte, v any, retry Retry) error {
	for {
		a, err := c.Send(method, path, h.Clone(), bytes.NewReader(body))
		if err == nil && (a.Status == http.StatusOK || a.Status == http.StatusCreated) {
			if v == nil {
				return nil
			}
			return json.Unmarshal(a.Body, v)
		}
		if !retry(a, err) {
			return &Refusal{Method: method, Path: path, Answer: a, Err: err}
		}
	}
}

// Refusal is why somebody gave up.
type Refusal struct {
	Method, Path string
	Answer       Answer
	Err          error // of the line
}

func (r *Refusal) Error() string {
	if r.Err != nil {
		return fmt.Sprintf("%s %s: %v", r.Method, r.Path, r.Err)
	}
	return fmt.Sprintf("%s %s: status %d: %.500s", r.Method, r.Path, r.Answer.Status, r.Answer.Body)
}

func (r *Refusal) Unwrap() error { return r.Err }

// Until is a Retry that goes on after a lost answer or a house that asks to come
// again (429, 503), with a short rest, until a moment has come. counted is called
// each time.
func Until(end time.Time, rest time.Duration, counted func(a Answer, err error)) Retry {
	return func(a Answer, err error) bool {
		again := err != nil || a.Status == http.StatusServiceUnavailable || a.Status == http.StatusTooManyRequests || a.Status == http.StatusBadGateway
		if !again || time.Now().After(end) {
			return false
		}
		if counted != nil {
			counted(a, err)
		}
		time.Sleep(rest)
		return true
	}
}
