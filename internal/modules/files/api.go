package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/web"
)

// uploadInput takes the body as it comes: it is never held in memory.
type uploadInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"8" maxLength:"128" doc:"The same key gives the same file; other content under it is a conflict."`
	Name string `query:"name" maxLength:"255" doc:"File name, when the body is the bare content."`

	body io.Reader
	kind string
}

// Resolve implements huma.Resolver: it only remembers where the body is.
func (u *uploadInput) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	u.body, u.kind = steady(w, r), r.Header.Get("Content-Type")
	return nil
}

type fileOutput struct{ Body wire }

type fileInput struct {
	ID string `path:"id" maxLength:"64"`
}

const apiFiles = "/api/v1/files"

// api registers the operations for programs. Large files over bad lines go by the
// resumable doors under /tep, which take bearer tokens as well.
func (s *Service) api(api huma.API) {
	security := []map[string][]string{{"bearer": {}}, {"session": {}}}
	binary := &huma.Schema{Type: huma.TypeString, Format: "binary"}
	content := map[string]*huma.MediaType{"application/octet-stream": {Schema: binary}}
	huma.Register(api, huma.Operation{
		OperationID: "upload-file", Method: http.MethodPost, Path: apiFiles, Tags: []string{"file"}, DefaultStatus: http.StatusCreated,
		Summary: "Upload a file", Security: security,
		Description: "The bare content with its name in the query, or a multipart form whose first file part is taken. The type is found in the content: " +
			"PDF, JPEG, PNG, HEIC, DOCX, XLSX and plain text are accepted. A file that nothing refers to within a day is removed. " +
			"For large files over bad lines, POST /tep speaks the tus 1.0 protocol (Tus-Resumable: 1.0.0); POST /tep/{id}/xong then gives the file.",
		RequestBody: &huma.RequestBody{Required: true, Content: content},
	}, s.apiUpload)
	// Told only now: had huma known that there is a form, it would read the body itself, into memory.
	content["multipart/form-data"] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{"file": binary}, Required: []string{"file"}}}
	huma.Register(api, huma.Operation{
		OperationID: "get-file", Method: http.MethodGet, Path: apiFiles + "/{id}", Tags: []string{"file"}, Summary: "What is known about a file", Security: security,
	}, s.apiGet)
	huma.Register(api, huma.Operation{
		OperationID: "download-file", Method: http.MethodGet, Path: apiFiles + "/{id}/content", Tags: []string{"file"}, Summary: "The content of a file", Security: security,
		Description: "Ranges are supported; the ETag is the SHA-256 of the content.", Errors: []int{http.StatusUnauthorized, http.StatusNotFound},
		Responses: map[string]*huma.Response{
			"200": {Description: "The content", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: binary}}},
			"206": {Description: "The part that was asked for", Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: binary}}},
		},
	}, s.apiDownload)
}

func (s *Service) apiUpload(ctx context.Context, in *uploadInput) (*fileOutput, error) {
	if err := identity.SignedIn.Check(ctx); err != nil {
		return nil, err
	}
	name, body := in.Name, in.body
	if kind, params, err := mime.ParseMediaType(in.kind); err == nil && kind == "multipart/form-data" {
		part, err := firstFile(multipart.NewReader(in.body, params["boundary"]))
		if err != nil {
			return nil, err
		}
		name, body = part.FileName(), part
	}
	f, err := s.save(ctx, name, in.Key, body)
	if cut := (*cutError)(nil); errors.As(err, &cut) {
		return nil, errs.New(errs.Unavailable, "upload.cut").Because(cut.err)
	}
	if err != nil {
		return nil, err
	}
	return &fileOutput{wireOf(f)}, nil
}

func firstFile(mr *multipart.Reader) (*multipart.Part, error) {
	for {
		part, err := mr.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, errs.New(errs.Invalid, "upload.no-file")
		case err != nil:
			return nil, errs.New(errs.Invalid, "upload.bad-request").Because(fmt.Errorf("multipart: %w", err))
		case part.FileName() != "":
			return part, nil
		}
	}
}

func (s *Service) apiGet(ctx context.Context, in *fileInput) (*fileOutput, error) {
	if err := identity.SignedIn.Check(ctx); err != nil {
		return nil, err
	}
	f, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &fileOutput{wireOf(f)}, nil
}

func (s *Service) apiDownload(ctx context.Context, in *fileInput) (*huma.StreamResponse, error) {
	if err := identity.SignedIn.Check(ctx); err != nil {
		return nil, err
	}
	f, err := s.find(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		r, w := humago.Unwrap(hc)
		if err := s.send(w, r, f); err != nil {
			web.Fail(w, r, err)
		}
	}}, nil
}
