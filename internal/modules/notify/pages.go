package notify

import (
	"context"
	"net/http"
	"net/url"

	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

const perPage = 30

func (s *Service) page(w http.ResponseWriter, r *http.Request) error {
	notices, err := s.Mine(r.Context(), r.URL.Query().Get("sau"), perPage+1)
	if err != nil {
		return err
	}
	next, unread := "", false
	if len(notices) > perPage {
		notices = notices[:perPage]
		next = "/thong-bao?sau=" + url.QueryEscape(notices[perPage-1].ID)
	}
	for _, n := range notices {
		unread = unread || n.ReadAt.IsZero()
	}
	return web.Render(w, r, http.StatusOK, listPage(notices, next, unread))
}

func (s *Service) readAll(w http.ResponseWriter, r *http.Request) error {
	if err := s.ReadAll(r.Context()); err != nil {
		return err
	}
	return web.SeeOther(w, r, "/thong-bao")
}

func moments(ctx context.Context, notices []Notice) []ui.Moment {
	all := make([]ui.Moment, len(notices))
	for i, n := range notices {
		all[i] = ui.Moment{
			At: n.At, Title: Sentence(ctx, n), Body: n.Title, Tone: tone(n.Kind),
			Links: []ui.LinkProps{{Text: i18n.T(ctx, "notify.open"), Href: n.Href()}},
		}
		if n.ReadAt.IsZero() {
			all[i].Actor = i18n.T(ctx, "notify.new")
		}
	}
	return all
}

func tone(kind string) ui.Tone {
	switch kind {
	case "finished", "returned", "received":
		return ui.OK
	case "supplement-requested", "fee-asked", "reminded", "extended":
		return ui.Warn
	case "refused", "stopped", "supplement-expired":
		return ui.Danger
	default:
		return ui.Info
	}
}
