package admin_test

import (
	"context"
	"net/http"
	"testing"

	"motcua/internal/modules/admin"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/module"
	"motcua/internal/platform/sqldb/sqldbtest"
)

func TestEnglishIsComplete(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	b := o.as(t, "quantri.tinh")
	b.Get("/quan-tri?lang=en")
	for _, path := range []string{"/quan-tri", "/quan-tri/co-quan", "/quan-tri/co-quan/" + o.a.ID, "/quan-tri/co-quan/" + o.a.ID + "/vi-tri", "/quan-tri/vi-tri/" + o.postA.ID,
		"/quan-tri/tai-khoan", "/quan-tri/tai-khoan/cong-dan", "/quan-tri/tai-khoan/" + o.clerkA.ID, "/quan-tri/co-quan/" + o.a.ID + "/lich", "/quan-tri/nhat-ky", "/quan-tri/viec-cho", "/quan-tri/he-thong", "/quan-tri/goi"} {
		if p := b.Get(path); p.Status != http.StatusOK || p.Has("⟦") {
			t.Errorf("%s: %d", path, p.Status)
		}
	}
}

func TestWordsAreComplete(t *testing.T) {
	o := open(t, sqldbtest.SQLite(t, lines()...))
	room, err := admin.New(admin.Deps{DB: o.DB, Org: o.Org, Identity: o.Identity, Jobs: o.jobs, Ledger: o.Journal, System: admin.System{
		Checks: func() []module.Check { return nil }, Verify: func(context.Context) (journal.Report, error) { return journal.Report{}, nil }, RetryEvent: func(context.Context, string, int64) error { return nil }}})
	if err != nil {
		t.Fatal(err)
	}
	b, err := i18n.New(room.Module().Locales)
	if err != nil {
		t.Fatal(err)
	}
	for _, fault := range i18n.Check(b) {
		t.Error(fault)
	}
	for _, rule := range admin.Nav() {
		if !b.Has("vi", rule.Item.Key) || !b.Has("vi", rule.Item.Group) {
			t.Errorf("the entry %s has no words", rule.Item.Key)
		}
	}
}
