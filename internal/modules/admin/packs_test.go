package admin_test

import (
	"archive/zip"
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"motcua/internal/core/identity/identitytest"
	"motcua/internal/modules/admin"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// packRoom stands for the room that loads packs.
type packRoom struct {
	state    []admin.PackState
	loaded   []admin.PackFiles
	problems []admin.PackProblem
	undone   int
}

func (p *packRoom) Loaded(context.Context) ([]admin.PackState, error) { return p.state, nil }

func (p *packRoom) History(context.Context, string) ([]admin.PackLoad, error) {
	return []admin.PackLoad{{Number: 2, Version: 2, State: "current", LoadedBy: "system"}, {Number: 1, Version: 1, State: "replaced", LoadedBy: "system"}}, nil
}

func (p *packRoom) Plan(_ context.Context, f admin.PackFiles) (admin.PackPlan, error) {
	return admin.PackPlan{Code: "thu", Name: i18n.V("Gói thử"), Version: 3, Problems: p.problems, Cases: 4, Changes: []admin.PackChange{
		{Kind: "changed", What: "procedure", ID: "1.001193", Name: "Đăng ký khai sinh", Fields: []admin.PackField{{Path: "channels[online].term.amount", Old: "2", New: "1"}}},
	}}, nil
}

func (p *packRoom) Load(_ context.Context, f admin.PackFiles) error {
	if len(p.problems) > 0 {
		return errs.New(errs.Invalid, "admin.pack-missing")
	}
	p.loaded = append(p.loaded, f)
	return nil
}

func (p *packRoom) Rollback(context.Context, string) error { p.undone++; return nil }

func zipped(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	for name, content := range files {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func upload(t *testing.T, b *identitytest.Browser, content []byte) identitytest.Page {
	t.Helper()
	var body bytes.Buffer
	w := multipart.NewWriter(&body)
	f, err := w.CreateFormFile("pack", "goi.zip")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Do(http.MethodPost, "/quan-tri/goi", w.FormDataContentType(), &body)
}

func TestPacksArePreviewedBeforeTheyAreLoaded(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.tinh")
		for name, content := range map[string][]byte{
			"nothing": nil, "no archive": []byte("hello"), "no pack": zipped(t, map[string]string{"readme.txt": "x"}),
			"a bomb": zipped(t, map[string]string{"pack.yaml": strings.Repeat("0", 17<<20)}), "too large": bytes.Repeat([]byte("PK\x03\x04"), 600_000),
		} {
			if p := upload(t, b, content); p.Status != http.StatusUnprocessableEntity && p.Status != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d", name, p.Status)
			}
		}
		p := upload(t, b, zipped(t, map[string]string{"goi/pack.yaml": "code: thu", "goi/forms/a.yaml": "id: a", "__MACOSX/goi/._pack.yaml": "x", "../../etc/passwd": "x"}))
		if p.Status != http.StatusSeeOther || len(o.packs.loaded) != 0 {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		plan := p.Location
		p = b.Get(plan)
		for _, piece := range []string{"Đăng ký khai sinh", "channels[online].term.amount", "2 → 1", "4 trường hợp kiểm thử đều đạt"} {
			if !strings.Contains(p.Text(), piece) {
				t.Errorf("the plan lacks %q: %s", piece, p.Text())
			}
		}
		if len(o.packs.loaded) != 0 {
			t.Error("looking loaded it")
		}
		// Somebody else's upload is nobody's business.
		other := o.Staff(t, "quantri.hai", "Đỗ Quản Trị", o.root, "admin")
		if p := o.as(t, other.Login).Post(plan); p.Status != http.StatusGone {
			t.Errorf("another administrator: %d", p.Status)
		}
		o.packs.problems = []admin.PackProblem{{Where: "forms/a.yaml:3", What: "thiếu nhãn"}}
		if p = b.Post(plan); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text(), "forms/a.yaml:3") {
			t.Errorf("with faults: %d", p.Status)
		}
		o.packs.problems = nil
		if p = b.Post(plan); p.Status != http.StatusSeeOther || len(o.packs.loaded) != 1 {
			t.Fatalf("%d %s", p.Status, p.Text())
		}
		if files := o.packs.loaded[0]; len(files) != 2 || string(files["pack.yaml"]) != "code: thu" || string(files["forms/a.yaml"]) != "id: a" {
			t.Errorf("files %v", files)
		}
		if p = b.Post(plan); p.Status != http.StatusGone {
			t.Errorf("loading twice: %d", p.Status)
		}
		if p = b.Get("/quan-tri/goi/thu"); p.Status != http.StatusOK {
			t.Errorf("%d", p.Status)
		}
		if p = b.Post("/quan-tri/goi/thu/quay-lai"); p.Status != http.StatusSeeOther || o.packs.undone != 1 {
			t.Errorf("%d", p.Status)
		}
	})
}
