package explain

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

// longest is how much may be pasted, in bytes; QR codes of cards are the longest.
const longest = 4096

// pageView is what the page shows.
type pageView struct {
	Text, Kind string
	Asked      bool
	Readings   []explained
	Errors     ui.Errors
}

func (x *Explainer) ask(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, http.StatusOK, page(pageView{}))
}

// answer shows the meaning at once and keeps nothing, so that there is no address to
// send the browser to.
func (x *Explainer) answer(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := pageView{Text: strings.TrimSpace(r.PostFormValue("ma")), Kind: r.PostFormValue("loai")}
	var problem errs.Field
	switch {
	case v.Text == "":
		problem = errs.Bad("ma", "explain.empty")
	case len(v.Text) > longest:
		problem = errs.Bad("ma", "explain.too-long")
	case v.Kind != "" && !slices.Contains(ident.Kinds(), ident.Kind(v.Kind)):
		problem = errs.Bad("loai", "explain.kind")
	}
	if problem.Code != "" {
		v.Errors = ui.ErrorsIn(ctx, errs.NewInvalid(problem), nil)
		return web.Render(w, r, http.StatusUnprocessableEntity, page(v))
	}
	v.Asked, v.Readings = true, x.explain(ctx, v.Text, v.Kind, i18n.Lang(ctx))
	return web.Render(w, r, http.StatusOK, page(v))
}

// say finds words in the reader's language.
func say(ctx context.Context) func(string, ...any) string {
	return func(key string, kv ...any) string { return i18n.T(ctx, key, kv...) }
}

func kindOptions(ctx context.Context) []ui.Option {
	var opts []ui.Option
	for _, k := range ident.Kinds() {
		opts = append(opts, ui.Option{Value: string(k), Text: i18n.T(ctx, "ident.kind."+string(k))})
	}
	return opts
}

// terms are the parts of a reading, the characters first.
func terms(ctx context.Context, r explained) []ui.Term {
	var list []ui.Term
	if r.Value != "" && r.Kind != ident.KindQR {
		list = append(list, ui.Term{Term: i18n.T(ctx, "explain.written"), Body: ui.Code(r.Value)})
	}
	if r.Name != "" {
		list = append(list, ui.Term{Term: i18n.T(ctx, "explain.name"), Value: r.Name})
	}
	for _, l := range r.Lines(i18n.Lang(ctx), say(ctx)) {
		t := ui.Term{Term: l.Label, Value: l.Says}
		switch {
		case l.Text != "" && l.Says != "":
			t.Value, t.Body = "", pieceSays(l.Text, l.Says)
		case l.Text != "":
			t.Value = l.Text
		}
		list = append(list, t)
	}
	return list
}

func tone(s ident.State) ui.Tone {
	switch s {
	case ident.Valid:
		return ui.OK
	case ident.Doubtful:
		return ui.Warn
	}
	return ui.Danger
}
