package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"

	"github.com/a-h/templ"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ui"
	"motcua/internal/platform/web"
)

type templComponent = templ.Component

// again shows a form once more with everything typed and what is wrong with it:
// 422 for input, 409 when the state of things forbids it. Other errors become error pages.
func again(w http.ResponseWriter, r *http.Request, err error, bad []errs.Field, page func(ui.Errors) templComponent) error {
	ctx := r.Context()
	errors := ui.ErrorsOf(ctx, bad, nil)
	status := http.StatusUnprocessableEntity
	if len(bad) == 0 {
		switch {
		case errs.Is(err, errs.Invalid):
		case errs.Is(err, errs.Conflict):
			status = http.StatusConflict
		default:
			return err
		}
		errors = ui.ErrorsIn(ctx, err, nil)
	}
	return web.Render(w, r, status, page(errors))
}

// renamed gives bad fields the names they have on the page; pairs are old, new.
func renamed(err error, pairs ...string) error {
	e, ok := errs.As(err)
	if !ok {
		return err
	}
	for i := range e.Fields {
		for p := 0; p+1 < len(pairs); p += 2 {
			if e.Fields[i].Name == pairs[p] {
				e.Fields[i].Name = pairs[p+1]
			}
		}
	}
	return e
}

// field is a field whose words stand under admin.field.<name>, with the help of
// admin.help.<name> when there is one.
func field(ctx context.Context, errors ui.Errors, name string, required bool, width ui.Width) ui.FieldProps {
	p := ui.FieldProps{Name: name, Label: word(ctx, "admin.field."+name), Error: errors.For(name), Required: required, Width: width}
	if b := i18n.From(ctx); b != nil && b.Has(i18n.VI, "admin.help."+name) {
		p.Help = word(ctx, "admin.help."+name)
	}
	return p
}

// labelled is what stands in the summary above a form: there a sentence needs to
// say which field it is about.
func labelled(ctx context.Context, errors ui.Errors) ui.Errors {
	out := make(ui.Errors, len(errors))
	for i, e := range errors {
		out[i] = e
		label := known(ctx, "admin.field."+e.Name, known(ctx, "admin.filter."+e.Name, ""))
		if label != "" {
			out[i].Text = label + ": " + e.Text
		}
	}
	return out
}

func word(ctx context.Context, key string, kv ...any) string { return i18n.T(ctx, key, kv...) }

// known gives the words of a key, or other when nobody has words for it: for codes
// that packs and other rooms bring.
func known(ctx context.Context, key, other string) string {
	if b := i18n.From(ctx); b != nil && b.Has(i18n.Lang(ctx), key) {
		return word(ctx, key)
	}
	return other
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

// rev is the revision that the form was made from; 0 fits none.
func rev(f url.Values) int64 {
	n, err := strconv.ParseInt(f.Get("rev"), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// typedDay writes a day as people type it, in either language.
func typedDay(_ context.Context, d civil.Date) string { return d.Screen(i18n.VI) }

func screenDay(ctx context.Context, d civil.Date) string { return d.Screen(i18n.Lang(ctx)) }
