package admin_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

func TestJournalBrowser(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		b := o.as(t, "quantri.tinh")
		p := b.Get("/quan-tri/nhat-ky")
		if p.Status != http.StatusOK || !strings.Contains(p.Text(), "Tạo tài khoản") {
			t.Errorf("%d %s", p.Status, p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?loai=org."); strings.Contains(p.Text(), "Tạo tài khoản") || !strings.Contains(p.Text(), "Phân công vào vị trí") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?tu-ngay=04/11/2026"); !strings.Contains(p.Text(), "Không có sự kiện nào khớp") {
			t.Errorf("%s", p.Text())
		}
		if p = b.Get("/quan-tri/nhat-ky?tu-ngay=40/11/2026"); p.Status != http.StatusUnprocessableEntity || !p.Has(`value="40/11/2026"`) {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get("/quan-tri/nhat-ky?sau=rac"); p.Status != http.StatusOK {
			t.Errorf("%d", p.Status)
		}
		// Looking at one person is itself journaled.
		b.Get("/quan-tri/nhat-ky?nguoi=canbo.b")
		events, err := o.Journal.Browse(t.Context(), o.DB, journal.BrowseFilter{Type: "admin.journal-read"})
		if err != nil || len(events) != 1 || events[0].Actor != o.chief.ID {
			t.Errorf("%d events, %v", len(events), err)
		}
		// The commune's auditor looks at their own people.
		local := o.as(t, "quantri.a")
		if p = local.Get("/quan-tri/nhat-ky"); strings.Contains(p.Text(), "Tạo tài khoản ") && strings.Contains(p.Text(), "Hệ thống Chi tiết") || !strings.Contains(p.Text(), "Chọn một người để xem") {
			t.Errorf("%s", p.Text())
		}
		local.Get("/quan-tri/co-quan")
		if p = local.Get("/quan-tri/nhat-ky?nguoi=quantri.a"); !strings.Contains(p.Text(), "Đăng nhập") {
			t.Errorf("%s", p.Text())
		}
		// Verification runs in the background and says what it found.
		if p = b.Post("/quan-tri/nhat-ky/kiem-tra"); p.Status != http.StatusSeeOther {
			t.Fatal(p.Status)
		}
		for range 1000 { // a busy machine takes its time
			if p = b.Get("/quan-tri/nhat-ky"); strings.Contains(p.Text(), "12 sự kiện đều khớp") {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("no result: %s", p.Text())
	})
}

func TestParkedWorkAndHealth(t *testing.T) {
	each(t, func(t *testing.T, o *office) {
		ctx := t.Context()
		if err := o.DB.Tx(ctx, func(tx *sqldb.Tx) error { return o.jobs.Enqueue(ctx, tx, "notify.mail", map[string]string{}) }); err != nil {
			t.Fatal(err)
		}
		fail := []job.Handler{{Kind: "notify.mail", MaxAttempts: 1, Run: func(context.Context, json.RawMessage) error { return errors.New("máy chủ thư không trả lời") }}}
		if _, err := o.jobs.RunDue(ctx, fail, nil); err == nil {
			t.Fatal("the job did not fail")
		}
		b := o.as(t, "quantri.tinh")
		p := b.Get("/quan-tri/viec-cho")
		_, rest, found := strings.Cut(p.Body, `action="/quan-tri/viec-cho/`)
		id, _, _ := strings.Cut(rest, "/")
		if !found || !strings.Contains(p.Text(), "Gửi thư điện tử") || !strings.Contains(p.Text(), "máy chủ thư không trả lời") {
			t.Fatalf("%s", p.Text())
		}
		if p = b.Post("/quan-tri/viec-cho/" + id + "/lam-lai"); p.Status != http.StatusSeeOther {
			t.Errorf("%d", p.Status)
		}
		if p = b.Get("/quan-tri/viec-cho"); !strings.Contains(p.Text(), "Không có việc nào bị dừng") {
			t.Errorf("%s", p.Text())
		}
		if b.Post("/quan-tri/viec-cho/" + id + "/bo"); !strings.Contains(b.Get("/quan-tri/viec-cho").Text(), "Việc này đã được người khác xử lý") {
			t.Error("discarding what is not parked says nothing")
		}
		b.Post("/quan-tri/viec-cho/su-kien/insight/7/lam-lai")
		if !strings.Contains(b.Get("/quan-tri/viec-cho").Text(), "Chạy lại vẫn chưa thành công") {
			t.Error("a second failure is not told")
		}
		p = b.Get("/quan-tri/he-thong")
		if !strings.Contains(p.Text(), "1.2.3") || !strings.Contains(p.Text(), "2 ngày") || !strings.Contains(p.Text(), "1 phép kiểm tra không đạt") || p.Has("canary-path") {
			t.Errorf("%s", p.Text())
		}
	})
}
