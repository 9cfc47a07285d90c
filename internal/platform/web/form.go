package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"motcua/internal/platform/errs"
)

// maxFields bounds the number of values in one form: far above the longest form
// of the law, far below what would keep a core busy.
const maxFields = 2000

// Form reads the posted fields of a form (urlencoded, or multipart without
// files), at most the route's MaxBody. Every value is NFC, because
// telephones and Macs send Vietnamese letters taken apart, without
// NUL, with "\n" line ends. Malformed input is errs.Invalid "web.bad-form".
//
// The query of the address is not part of the form: read it with r.URL.Query().
func Form(r *http.Request) (url.Values, error) {
	if isMultipart(r) {
		return Upload(r, func(File) error { return nil })
	}
	if err := r.ParseForm(); err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return nil, err
		}
		return nil, badForm(err)
	}
	return clean(r.PostForm)
}

// File is one file of a multipart form while it streams by.
type File struct {
	Field string // name of the input
	Name  string // the file's name as its owner calls it, without folders; NFC
	Type  string // what the browser claims; sniff before believing
	Body  io.Reader
}

// Upload streams a multipart form: take sees each chosen file once, in order,
// with everything it does not read skipped; the fields are returned as in
// Form. Fields that stand after a file in the page arrive after it. An input
// left empty gives no file.
func Upload(r *http.Request, take func(File) error) (url.Values, error) {
	mr, err := r.MultipartReader()
	if err != nil {
		return nil, badForm(err)
	}
	values := url.Values{}
	room := DefaultMaxBody // for the fields; files are bounded by the route and by their store
	for n := 0; ; n++ {
		part, err := mr.NextPart()
		if errors.Is(err, io.EOF) {
			if n == 0 { // a browser always sends a part; this one was cut off
				return nil, badForm(io.ErrUnexpectedEOF)
			}
			return clean(values)
		}
		if err != nil {
			return nil, partError(err)
		}
		if n >= maxFields {
			return nil, badForm(errors.New("too many parts"))
		}
		if err := takePart(part, values, &room, take); err != nil {
			return nil, err
		}
	}
}

func takePart(part *multipart.Part, values url.Values, room *int64, take func(File) error) error {
	defer func() { _ = part.Close() }() // it has been read, or is of no use
	if isFile(part) {
		if part.FileName() == "" {
			return nil
		}
		name, err := cleanValue(part.FileName())
		if err != nil {
			return err
		}
		name = name[strings.LastIndexByte(name, '\\')+1:] // old browsers on Windows send the whole path
		return take(File{Field: part.FormName(), Name: name, Type: part.Header.Get("Content-Type"), Body: part})
	}
	b, err := io.ReadAll(io.LimitReader(part, *room+1))
	if err != nil {
		return partError(err)
	}
	if *room -= int64(len(b)); *room < 0 {
		return errs.New(errs.TooLarge, "web.body-too-large", "limit", DefaultMaxBody)
	}
	values.Add(part.FormName(), string(b))
	return nil
}

// isFile tells an empty file input (filename="") from a field.
func isFile(part *multipart.Part) bool {
	_, params, err := mime.ParseMediaType(part.Header.Get("Content-Disposition"))
	if err != nil {
		return false
	}
	_, ok := params["filename"]
	return ok
}

func partError(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return err
	}
	return badForm(err)
}

// ReadJSON reads one JSON value of the small endpoints that scripts call, at most the
// route's MaxBody. Unknown fields and a second value are errs.Invalid "web.bad-form".
func ReadJSON(r *http.Request, into any) error {
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return partError(err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return badForm(errors.New("more than one value"))
	}
	return nil
}

func isMultipart(r *http.Request) bool {
	t, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && t == "multipart/form-data"
}

func badForm(err error) error {
	return errs.New(errs.Invalid, "web.bad-form").Because(fmt.Errorf("read form: %w", err))
}

func clean(in url.Values) (url.Values, error) {
	n := 0
	out := make(url.Values, len(in))
	for k, vs := range in {
		if n += len(vs); n > maxFields {
			return nil, badForm(errors.New("too many fields"))
		}
		name, err := cleanValue(k)
		if err != nil {
			return nil, err
		}
		for _, v := range vs {
			c, err := cleanValue(v)
			if err != nil {
				return nil, err
			}
			out[name] = append(out[name], c)
		}
	}
	return out, nil
}

func cleanValue(s string) (string, error) {
	if !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return "", badForm(errors.New("not text"))
	}
	if strings.Contains(s, "\r") {
		s = strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n")
	}
	return norm.NFC.String(s), nil
}
