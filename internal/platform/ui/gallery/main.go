// Command gallery serves the components with invented content and nothing behind
// them: no database, no identity. It is for those who work on the look.
//
//	go run ./internal/platform/ui/gallery -addr 127.0.0.1:8099
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
	assets "motcua/web"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8099", "where to listen")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := listen(ctx, *addr); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func listen(ctx context.Context, addr string) error {
	site, err := newSite(slog.New(slog.NewTextHandler(os.Stderr, nil)))
	if err != nil {
		return err
	}
	srv := &http.Server{Addr: addr, Handler: site, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		_ = srv.Close()
	}()
	fmt.Printf("gallery: http://%s/styleguide\n", addr)
	if err := srv.ListenAndServe(); err != http.ErrServerClosed {
		return err
	}
	return nil
}

func newSite(log *slog.Logger, more ...web.Route) (*web.Site, error) {
	bundle, err := i18n.New(web.Locales(), ui.Locales())
	if err != nil {
		return nil, err
	}
	built, err := web.NewAssets(assets.FS())
	if err != nil {
		return nil, err
	}
	return web.New(web.Options{
		Bundle: bundle, Assets: built, ErrorPage: ui.ErrorPage, Log: log,
		Brand: web.Brand{
			Name: i18n.Text{VI: "Cổng dịch vụ công tỉnh Phú Thọ", EN: "Phú Thọ public services"}, Short: i18n.Text{VI: "Tỉnh Phú Thọ", EN: "Phú Thọ province"}, Owner: i18n.Text{VI: "Ủy ban nhân dân tỉnh Phú Thọ", EN: "People's Committee of Phú Thọ"},
			Address: i18n.Text{VI: "Đường Trần Phú, phường Việt Trì", EN: "Trần Phú street, Việt Trì ward"}, Hotline: "1022", Email: "hotro@motcua.example", Version: "Một cửa, bản phát triển",
			Nav: []web.NavItem{
				{Text: i18n.V("Thủ tục"), Href: "/thu-tuc"}, {Text: i18n.V("Tra cứu hồ sơ"), Href: "/styleguide"}, {Text: i18n.V("Phản ánh"), Href: "/phan-anh"},
			},
			Footer: []web.NavItem{{Text: i18n.V("Bảo vệ dữ liệu cá nhân"), Href: "#"}, {Text: i18n.V("Trợ năng"), Href: "#"}, {Text: i18n.V("Dữ liệu mở"), Href: "#"}},
		},
		Routes: append([]web.Route{
			{Pattern: "GET /{$}", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
				return web.SeeOther(w, r, "/styleguide")
			}},
			{Pattern: "GET /styleguide", Access: anyone(), Handle: show},
			{Pattern: "POST /styleguide", Access: anyone(), Handle: func(w http.ResponseWriter, r *http.Request) error {
				if _, err := web.Form(r); err != nil {
					return err
				}
				return web.Render(w, r.WithContext(viewer(r)), http.StatusUnprocessableEntity, ui.StyleGuideWith(""))
			}},
		}, more...),
	})
}

func anyone() web.Access {
	return web.Access{Name: "anyone", Check: func(context.Context) error { return nil }}
}

func show(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r.WithContext(viewer(r)), http.StatusOK, ui.StyleGuideWith(r.URL.Query().Get("khung")))
}

// viewer invents who looks: staff see the staff's frame, the form a signed-in citizen.
func viewer(r *http.Request) context.Context {
	switch r.URL.Query().Get("khung") {
	case "staff", "queue":
		return web.WithViewer(r.Context(), web.Viewer{
			SignedIn: true, Name: "Trần Văn Bình", Kind: "staff", Agency: "UBND xã Hy Cương", Post: "Chuyên viên", Search: "/tim", Notices: "/thong-bao", Unread: 3, Account: "/tai-khoan",
			Nav: []web.NavItem{
				{Text: i18n.V("Tiếp nhận tại quầy"), Href: "/tiep-nhan", Icon: "scan", Hot: "g t"}, {Text: i18n.V("Chờ tiếp nhận"), Href: "/cho-tiep-nhan", Icon: "inbox", Count: 4},
				{Text: i18n.V("Chờ xử lý"), Href: "/styleguide", Icon: "folder", Count: 12, Late: 2, Hot: "g h"}, {Text: i18n.V("Chờ ký"), Href: "/cho-ky", Icon: "sign", Count: 5}, {Text: i18n.V("Trả kết quả"), Href: "/tra-ket-qua", Icon: "send", Count: 7},
				{Text: i18n.V("Thống kê"), Href: "/thong-ke", Icon: "chart"}, {Text: i18n.V("Danh mục thủ tục"), Href: "/danh-muc", Icon: "list"}, {Text: i18n.V("Nhật ký truy cập"), Href: "/nhat-ky", Icon: "shield"},
			},
		})
	case "form":
		return web.WithViewer(r.Context(), web.Viewer{SignedIn: true, Name: "Nguyễn Thị Hoa", Kind: "citizen", Account: "/tai-khoan", Notices: "/thong-bao", Unread: 1})
	}
	return r.Context()
}
