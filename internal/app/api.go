package app

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

// api mounts the JSON operations of all rooms on a mux of their own and returns
// it with their contract.
//
// Errors of operations are answered by the site, like those of pages: the same
// words, codes, references and log, and never a value that was sent in.
func (a *App) api() (http.Handler, []byte, error) {
	names := &naming{taken: map[string]reflect.Type{}}
	cfg := huma.DefaultConfig("Motcua", a.opts.Version)
	cfg.Info.Description = "The JSON API of a provincial one-stop shop (Một cửa): it does what the pages do, under the same rules. " +
		"Sign in with an API token (Authorization: Bearer …). Words in answers follow Accept-Language or ?lang=vi|en."
	cfg.Components.Schemas = huma.NewMapRegistry("#/components/schemas/", names.name)
	cfg.DocsPath, cfg.OpenAPIPath, cfg.SchemasPath = "", "", ""
	cfg.CreateHooks = nil // no $schema in answers
	cfg.Servers = []*huma.Server{{URL: a.cfg.PublicURL}}
	cfg.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		"bearer":  {Type: "http", Scheme: "bearer", Description: "An API token, made by `motcua token create` or on the page of the account."},
		"session": {Type: "apiKey", In: "cookie", Name: "motcua_phien", Description: "The cookie of a browser that has signed in."},
	}
	takeErrors()
	mux := http.NewServeMux()
	api := humago.New(mux, cfg)
	for _, m := range a.modules {
		if m.API != nil {
			names.room = m.Name
			m.API(api)
		}
	}
	spec, err := json.Marshal(api.OpenAPI())
	if err != nil {
		return nil, nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern == "" {
			web.Fail(w, r, errs.NewNotFound("api.no-such-operation"))
			return
		}
		aw := &apiWriter{ResponseWriter: w}
		mux.ServeHTTP(aw, r)
		if aw.failure != nil {
			web.Fail(w, r, aw.failure)
		}
	}), spec, nil
}

// naming names the types of the contract after their rooms, since two rooms may
// well have a type of one name: portal's apiPerson is PortalApiPerson.
type naming struct {
	room  string // whose operations are being added
	taken map[string]reflect.Type
}

func (n *naming) name(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	name, room := huma.DefaultSchemaNamer(t, hint), n.room
	if t.Name() != "" {
		inside, ours := strings.CutPrefix(t.PkgPath(), "motcua/")
		if !ours {
			return name
		}
		room = path.Base(inside)
	}
	name = strings.ToUpper(room[:1]) + room[1:] + name
	for i, base := 2, name; n.taken[name] != nil && n.taken[name] != t; i++ {
		name = base + strconv.Itoa(i)
	}
	n.taken[name] = t
	return name
}

// apiWriter holds back what huma would say about an error.
type apiWriter struct {
	http.ResponseWriter
	failure error
}

func (w *apiWriter) WriteHeader(status int) {
	if w.failure == nil {
		w.ResponseWriter.WriteHeader(status)
	}
}

func (w *apiWriter) Write(b []byte) (int, error) {
	if w.failure == nil {
		return w.ResponseWriter.Write(b)
	}
	return len(b), nil
}

// Unwrap lets http.ResponseController reach the connection.
func (w *apiWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// takeErrors has huma hand every error to the site. Huma knows only one hook for
// the whole process; ours keeps no state, so several houses in one process share it.
func takeErrors() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, msg string, causes ...error) huma.StatusError {
		if ctx != nil {
			_, w := humago.Unwrap(ctx)
			if aw, ok := w.(*apiWriter); ok && aw.failure == nil {
				aw.failure = asOurs(status, msg, causes)
			}
		}
		return problem{Status: status}
	}
	huma.NewError = func(status int, _ string, _ ...error) huma.StatusError { return problem{Status: status} }
}

// problem is a refusal (RFC 9457) as the contract declares it and the site writes it.
// To huma itself it carries only the status: nothing it says reaches anybody.
type problem struct {
	Title     string         `json:"title" doc:"A few words."`
	Status    int            `json:"status"`
	Detail    string         `json:"detail" doc:"What happened and what to do now, for a person."`
	Code      string         `json:"code,omitempty" doc:"Stable, for programs; absent when the fault is ours."`
	Reference string         `json:"reference" doc:"Tell it to the operators; it stands in their log."`
	Errors    []problemField `json:"errors,omitempty" doc:"One for each wrong input."`
}

type problemField struct {
	Name   string `json:"name" doc:"Field of the form, component code, or place in the request."`
	Detail string `json:"detail"`
}

func (e problem) GetStatus() int            { return e.Status }
func (e problem) Error() string             { return http.StatusText(e.Status) }
func (e problem) ContentType(string) string { return "application/problem+json" }

// asOurs makes an error of the house from one of huma's. What a room returned
// goes through as it is; what huma found wrong with the input names the place and
// the rule, not the value.
func asOurs(status int, msg string, causes []error) error {
	var fields []errs.Field
	for _, cause := range causes {
		var detail huma.ErrorDetailer
		if !errors.As(cause, &detail) {
			return cause
		}
		d := detail.ErrorDetail()
		fields = append(fields, errs.Bad(d.Location, "api.input", "rule", d.Message))
	}
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return &http.MaxBytesError{Limit: web.DefaultMaxBody}
	case status == http.StatusRequestTimeout:
		return context.DeadlineExceeded
	case len(fields) > 0:
		return errs.NewInvalid(fields...)
	case status < http.StatusInternalServerError:
		return errs.New(errs.Invalid, "api.bad-request", "status", status)
	}
	return errors.New("api: " + strconv.Itoa(status) + " " + msg)
}

// openAPI serves the contract.
func (a *App) openAPI() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.oai.openapi+json;version=3.1")
		w.Header().Set("Cache-Control", "no-cache")
		_, _ = w.Write(a.spec) // whoever asked has gone
	})
}
