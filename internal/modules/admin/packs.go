package admin

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"motcua/internal/core/identity"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/id"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// PackFiles are the files of one pack by their path inside its folder:
// "pack.yaml", "procedures/birth.yaml".
type PackFiles map[string][]byte

// Packs is what administration asks of the room that loads sector packs; the app
// gives it.
type Packs interface {
	// Loaded lists the packs in force, by name.
	Loaded(ctx context.Context) ([]PackState, error)
	// History lists the loads of a pack, newest first, at most 50.
	History(ctx context.Context, code string) ([]PackLoad, error)
	// Plan checks and tests a pack and says what loading it would change. It changes
	// nothing. What is wrong with the pack stands in Problems, not in the error.
	Plan(ctx context.Context, files PackFiles) (PackPlan, error)
	// Load puts a pack in force.
	Load(ctx context.Context, files PackFiles) error
	// Rollback goes back to the load before.
	Rollback(ctx context.Context, code string) error
}

// PackState is a pack in force.
type PackState struct {
	Code       string
	Name       i18n.Text
	Version    int
	Procedures int
	LoadedAt   time.Time
	LoadedBy   string // account id
}

// PackLoad is one load of a pack.
type PackLoad struct {
	Number, Version int
	State           string // "current", "replaced", "undone"
	LoadedAt        time.Time
	LoadedBy        string // account id
	Changes         []PackChange
}

// PackPlan is what an uploaded pack would do.
type PackPlan struct {
	Code     string
	Name     i18n.Text
	Version  int
	Problems []PackProblem // when there is any, the pack cannot be loaded
	Changes  []PackChange
	Cases    int // acceptance cases that passed
}

// PackProblem is one thing wrong with a pack: "procedures/birth.yaml:12" and what.
type PackProblem struct{ Where, What string }

// PackChange is what becomes of one declaration.
type PackChange struct {
	Kind   string // "added", "changed", "removed"
	What   string // "procedure", "form", "flow", "register", "template", "role"
	ID     string
	Name   string
	Fields []PackField
}

// PackField is one difference inside a declaration.
type PackField struct{ Path, Old, New string }

// uploadLife is how long an uploaded pack waits for its plan to be accepted.
const uploadLife = time.Hour

type packListView struct {
	List   []PackState
	Names  map[string]string
	Errors ui.Errors
}

func (s *Service) packList(w http.ResponseWriter, r *http.Request) error {
	v, err := s.packListView(r.Context())
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, packListPage(v))
}

func (s *Service) packListView(ctx context.Context) (packListView, error) {
	var v packListView
	var err error
	if v.List, err = s.packs.Loaded(ctx); err != nil {
		return v, err
	}
	ids := make([]string, 0, len(v.List))
	for _, p := range v.List {
		ids = append(ids, p.LoadedBy)
	}
	v.Names, err = s.identity.Names(ctx, ids...)
	return v, err
}

func (s *Service) uploadPack(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var content []byte
	var name string
	_, err := web.Upload(r, func(f web.File) error {
		if f.Field != "pack" || content != nil {
			return nil
		}
		b, err := io.ReadAll(io.LimitReader(f.Body, uploadLimit+1))
		if err != nil {
			return fmt.Errorf("read upload: %w", err)
		}
		content, name = b, f.Name
		return nil
	})
	if err != nil {
		return err
	}
	code := ""
	switch {
	case len(content) == 0:
		code = "admin.pack-missing"
	case len(content) > uploadLimit:
		code = "admin.pack-too-large"
	default:
		if _, err := unpack(content); err != nil {
			code = "admin.pack-no-zip"
		}
	}
	if code != "" {
		v, err := s.packListView(ctx)
		if err != nil {
			return err
		}
		return again(w, r, nil, []errs.Field{errs.Bad("pack", code)}, func(errors ui.Errors) templComponent { v.Errors = errors; return packListPage(v) })
	}
	upload := id.New()
	encoded := base64.StdEncoding.EncodeToString(content)
	err = s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `INSERT INTO admin_upload (id, account_id, name, content, created_at) VALUES ($1, $2, $3, $4, $5)`,
			upload, identity.From(ctx).AccountID, name, encoded, sqldb.Millis(s.now()))
		return err
	})
	if err != nil {
		return fmt.Errorf("keep upload: %w", err)
	}
	return web.SeeOther(w, r, "/quan-tri/goi-tai-len/"+upload)
}

// upload loads what the actor uploaded; others' uploads do not exist for them.
func (s *Service) upload(r *http.Request) (PackFiles, error) {
	var encoded string
	err := s.db.QueryRow(r.Context(), `SELECT content FROM admin_upload WHERE id = $1 AND account_id = $2 AND created_at > $3`,
		r.PathValue("upload"), identity.From(r.Context()).AccountID, sqldb.Millis(s.now().Add(-uploadLife))).Scan(&encoded)
	if errors.Is(err, sqldb.ErrNotFound) {
		return nil, errs.New(errs.Gone, "admin.upload-gone")
	}
	if err != nil {
		return nil, fmt.Errorf("find upload: %w", err)
	}
	zipped, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return nil, fmt.Errorf("read upload: %w", err)
	}
	return unpack(zipped)
}

// Limits of a pack once unpacked, against files made to grow.
const (
	unpackFiles = 2000
	unpackBytes = 16 << 20
)

// unpack reads the files of a zipped pack. The pack may lie at the root of the
// archive or in one folder; whatever lies outside it (what a Mac adds) is left out.
func unpack(zipped []byte) (PackFiles, error) {
	archive, err := zip.NewReader(bytes.NewReader(zipped), int64(len(zipped)))
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	root, found := "", false
	for _, f := range archive.File {
		if name := path.Clean(f.Name); path.Base(name) == "pack.yaml" && (!found || len(name) < len(root)) {
			root, found = strings.TrimSuffix(name, "pack.yaml"), true
		}
	}
	if !found {
		return nil, errors.New("the archive holds no pack.yaml")
	}
	files, room := PackFiles{}, int64(unpackBytes)
	for _, f := range archive.File {
		name, inside := strings.CutPrefix(path.Clean(f.Name), root)
		if !inside || f.FileInfo().IsDir() || strings.HasPrefix(path.Base(name), ".") || !fs.ValidPath(name) {
			continue
		}
		if len(files) == unpackFiles {
			return nil, errors.New("the archive holds too many files")
		}
		content, err := readZipped(f, room)
		if err != nil {
			return nil, err
		}
		room -= int64(len(content))
		files[name] = content
	}
	return files, nil
}

func readZipped(f *zip.File, room int64) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(r, room+1))
	if err := errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read archive: %w", err)
	}
	if int64(len(content)) > room {
		return nil, errors.New("the archive unpacks to too much")
	}
	return content, nil
}

type planView struct {
	Upload string
	Plan   PackPlan
	Errors ui.Errors
}

func (s *Service) planPage(w http.ResponseWriter, r *http.Request) error {
	files, err := s.upload(r)
	if err != nil {
		return err
	}
	plan, err := s.packs.Plan(r.Context(), files)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, planPage(planView{Upload: r.PathValue("upload"), Plan: plan}))
}

func (s *Service) loadPack(w http.ResponseWriter, r *http.Request) error {
	files, err := s.upload(r)
	if err != nil {
		return err
	}
	ctx := r.Context()
	if err := s.packs.Load(ctx, files); err != nil {
		if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.Conflict) {
			return err
		}
		plan, planErr := s.packs.Plan(ctx, files)
		if planErr != nil {
			return planErr
		}
		v := planView{Upload: r.PathValue("upload"), Plan: plan}
		return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return planPage(v) })
	}
	if err := s.db.Tx(ctx, func(tx *sqldb.Tx) error {
		_, err := tx.Exec(ctx, `DELETE FROM admin_upload WHERE id = $1`, r.PathValue("upload"))
		return err
	}); err != nil {
		return err
	}
	web.Flash(w, r, "admin.pack-loaded")
	return web.SeeOther(w, r, "/quan-tri/goi")
}

type packView struct {
	Pack   PackState
	Loads  []PackLoad
	Names  map[string]string
	Errors ui.Errors
}

func (s *Service) packView(r *http.Request) (packView, error) {
	ctx := r.Context()
	var v packView
	list, err := s.packs.Loaded(ctx)
	if err != nil {
		return v, err
	}
	for _, p := range list {
		if p.Code == r.PathValue("code") {
			v.Pack = p
		}
	}
	if v.Pack.Code == "" {
		return v, errs.NewNotFound("web.not-found")
	}
	if v.Loads, err = s.packs.History(ctx, v.Pack.Code); err != nil {
		return v, err
	}
	ids := make([]string, 0, len(v.Loads))
	for _, l := range v.Loads {
		ids = append(ids, l.LoadedBy)
	}
	v.Names, err = s.identity.Names(ctx, ids...)
	return v, err
}

func (s *Service) packPage(w http.ResponseWriter, r *http.Request) error {
	v, err := s.packView(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, packPage(v))
}

func (s *Service) rollbackPack(w http.ResponseWriter, r *http.Request) error {
	v, err := s.packView(r)
	if err != nil {
		return err
	}
	if err := s.packs.Rollback(r.Context(), v.Pack.Code); err != nil {
		return again(w, r, err, nil, func(errors ui.Errors) templComponent { v.Errors = errors; return packPage(v) })
	}
	web.Flash(w, r, "admin.pack-rolled-back")
	return web.SeeOther(w, r, "/quan-tri/goi/"+url.PathEscape(v.Pack.Code))
}
