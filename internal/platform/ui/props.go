package ui

import (
	"context"
	"strings"
	"time"

	"github.com/a-h/templ"

	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
)

// Tone is what a component says beside its words. It is never said by colour
// alone: each tone has an icon or a shape as well.
type Tone string

// The tones. Buttons know Primary, Secondary, Danger and Quiet; tags, notices and stats know the others.
const (
	Primary   Tone = "primary"   // the one next step of the page
	Secondary Tone = "secondary" // other actions
	Danger    Tone = "danger"    // cannot be undone; errors
	Quiet     Tone = "quiet"     // looks like a link
	Neutral   Tone = "neutral"   // not begun, not important
	Info      Tone = "info"      // under way
	OK        Tone = "ok"        // done, valid
	Warn      Tone = "warn"      // needs attention soon
)

// PageProps describes a page. Title is required.
type PageProps struct {
	Title     string   // in the browser's tab and, unless NoHeading, as the h1
	Lead      string   // one or two sentences under the h1
	Section   string   // Href of the current entry of the navigation; "" finds it by the path
	Crumbs    []Crumb  // the way here, without the page itself
	Wide      bool     // tables and dashboards; otherwise a column that reads well
	NoHeading bool     // the page draws its own h1
	Errors    Errors   // shown as the error summary under the h1, and "Lỗi: " before the title
	Frame     Frame    // "" chooses by the viewer
	Live      bool     // loads htmx for this page
	Scripts   []string // further built scripts of this page: "map.js"
	Styles    []string // further built stylesheets of this page: "map.css"
	Describe  string   // one sentence for search engines
	Refresh   int      // seconds after which a waiting page reloads itself; 0 never
}

// Frame is what stands around a page.
type Frame string

// The frames.
const (
	CitizenFrame Frame = "citizen" // header with wordmark and few entries, footer; 18 px
	StaffFrame   Frame = "staff"   // sidebar with queues, slim top bar; 16 px
	BareFrame    Frame = "bare"    // nothing: kiosk, print, embedded boards
)

// Crumb is one step of the way to a page.
type Crumb struct{ Text, Href string }

// ButtonProps describes a button that submits the form it stands in.
type ButtonProps struct {
	Text     string
	Tone     Tone   // "" is Secondary
	Name     string // sent with the form when this button was pressed
	Value    string
	Icon     string // a name from Icons()
	Form     string // id of a form elsewhere on the page
	Action   string // overrides the form's action
	Hotkey   string // staff: "F9", "alt+s"; shown beside the words
	Small    bool
	Wide     bool // as wide as its container
	Disabled bool
	Why      string           // why it is disabled, in words; read aloud and shown under the button
	Skip     bool             // submits without the browser's own checks (save a draft, go back)
	Confirm  string           // asks this question first (with JavaScript only; dangerous steps get a page of their own)
	Attrs    templ.Attributes // hx-…, data-…
}

// LinkProps describes a link, plain or dressed as a button.
type LinkProps struct {
	Text   string
	Href   string
	Tone   Tone // "" is a plain link; Primary, Secondary, Danger, Quiet look like buttons
	Icon   string
	Hotkey string
	Small  bool
	Wide   bool
	NewTab bool   // says so in words
	File   string // "PDF, 240 kB": kind and size of a download, shown after the words
	Attrs  templ.Attributes
}

// FormProps describes a form. It posts to Action; the browser's own checks are
// off, so that one validator speaks, in the person's language.
type FormProps struct {
	Action    string
	Method    string // "" is post; "get" for searches
	ID        string
	Multipart bool   // has file inputs
	Autosave  string // address that takes the fields by POST while the person types; "" none
	Rev       string // draft revision sent along with autosave, from the server
	Search    bool   // role search
	Attrs     templ.Attributes
}

// Width of an input, as a hint of what is expected in it.
type Width string

// The widths; "" is the whole column.
const (
	W2   Width = "w2"   // two characters
	W4   Width = "w4"   // a year
	W10  Width = "w10"  // a date, a telephone number
	W20  Width = "w20"  // a citizen number
	Half Width = "half" // half of the column on wide screens
)

// FieldProps is what every field has. Name is the form field name; the id of the
// control is FieldID(Name), of its help "…-help", of its error "…-error".
type FieldProps struct {
	Name     string
	Label    string
	Help     string // one sentence that stays visible while typing
	Error    string // from Errors.For(Name); "" when fine
	Required bool
	NoMark   bool // hide "(không bắt buộc)" on an optional field, for filters and searches
	Big      bool // the label is the question of the page
	Width    Width
	Hidden   bool             // label and control stay in the page but a rule has hidden them
	Attrs    templ.Attributes // on the wrapper
}

// InputProps describes one line of text.
type InputProps struct {
	FieldProps
	Value        string
	Type         string // "" is text; email, tel, password, number, search, time
	InputMode    string // numeric, decimal, tel, email
	Autocomplete string // name, bday, tel, email, street-address, one-time-code, current-password, new-password, off
	MaxLength    int    // in characters; a hint, the server decides
	Prefix       string // shown inside, before the text
	Suffix       string // shown inside, after the text: "đồng", "m²"
	Placeholder  string // an example at most, never the label
	Spellcheck   bool
	Upper        bool // names on forms of civil status are written in capitals: shown so, not stored so
	Readonly     bool
	Focus        bool             // gets the cursor when the page opens (counter screens only)
	Scan         bool             // takes the QR code of a citizen card from a scanner that types
	Source       string           // prefilled from somewhere: "Cơ sở dữ liệu quốc gia về dân cư"; shown under the field
	Control      templ.Attributes // on the input itself
}

// TextareaProps describes text of several lines.
type TextareaProps struct {
	FieldProps
	Value     string
	Rows      int // 0 is 5
	MaxLength int // shows how many characters are left
	Control   templ.Attributes
}

// Option is one choice.
type Option struct {
	Value string
	Text  string
	Help  string // radios and checkboxes: a line under the words
	Group string // selects: heading of consecutive options
}

// SelectProps describes a choice from a long list. Up to about seven choices
// are better as Radios.
type SelectProps struct {
	FieldProps
	Value   string
	Options []Option
	Empty   string // words of the empty choice; "" is "Chọn…"
	Control templ.Attributes
}

// RadiosProps describes a choice from few.
type RadiosProps struct {
	FieldProps
	Value   string
	Options []Option
	Inline  bool // two short choices side by side: Có / Không
	Control templ.Attributes
}

// CheckboxesProps describes any number of choices; all have the same name.
type CheckboxesProps struct {
	FieldProps
	Values  []string
	Options []Option
	Control templ.Attributes
}

// CheckboxProps describes one yes-or-no, such as a declaration.
type CheckboxProps struct {
	FieldProps
	Checked bool
	Value   string // "" is "true"
	Control templ.Attributes
}

// DateProps describes a date typed as dd/mm/yyyy. Value is shown as it was typed.
type DateProps struct {
	FieldProps
	Value   string
	Partial bool // "05/2026" and "2026" are welcome: births before the registers
	Bday    bool // autocomplete as a birthday
	Control templ.Attributes
}

// FileProps describes one or more files. Without JavaScript it is a file input
// of a multipart form. With it, files go up at once, in pieces that survive a
// cut line, and the field Name+"_id" carries the ids of the finished files.
type FileProps struct {
	FieldProps
	Accept   []string // "pdf", "jpeg", "png"
	MaxBytes int64    // of one file; shown in the help
	Multiple bool
	Camera   bool           // offers the rear camera first on telephones
	Upload   string         // base of the resumable upload API, "/tep"; "" switches it off
	Files    []UploadedFile // what is already there
}

// UploadedFile is a file that the server already has.
type UploadedFile struct {
	ID, Name, Href string
	Size           int64
	State          string // "" fine; otherwise in words: "đang quét mã độc"
	Bad            bool   // the state is bad news
}

// StepState says where a step stands.
type StepState string

// The states of a step.
const (
	StepDone    StepState = "done"
	StepCurrent StepState = "current"
	StepTodo    StepState = "todo"
)

// Step is one step of a form or a process. Steps with an Href can be gone back to.
type Step struct {
	Text, Href string
	State      StepState
}

// Moment is one entry of a timeline, newest first or last as the page likes.
type Moment struct {
	At    time.Time // zero hides the time
	Title string
	Body  string // plain text; line breaks are kept
	Actor string // who, in words: "UBND phường Hồng Hà · Nguyễn Văn A"
	Tone  Tone
	Links []LinkProps
	Next  bool // not happened yet: drawn hollow
}

// Column is one column of a table.
type Column struct {
	Text      string // heading, also the label of the cell on a narrow screen
	Numeric   bool   // right-aligned, figures under figures
	Narrow    bool   // as narrow as its content
	Grow      bool   // takes the room that is left and never less than half a line
	Quiet     bool   // dropped on a narrow screen
	Sort      string // address that sorts by this column; "" not sortable
	Sorted    string // "ascending" or "descending" when this is the order now
	NoText    bool   // heading for screen readers only (a column of buttons)
	SelectAll bool   // the column of RowSelect boxes; Text says what the box in the heading does
}

// TableProps describes a table. Under 40rem rows become cards.
type TableProps struct {
	Caption     string // what the table lists; for screen readers unless ShowCaption
	Columns     []Column
	ShowCaption bool
	Dense       bool
	ID          string
}

// RowProps describes one row.
type RowProps struct {
	Href     string // opened by Enter when the row is selected with the arrow keys (staff)
	Tone     Tone   // Warn and Danger mark the edge of the row; the reason must stand in a cell too
	Selected bool
}

// CardProps describes a card.
type CardProps struct {
	Title string
	Level int    // of the heading; 0 is 2
	Href  string // makes the title a link and the whole card its target
	Icon  string
	Tone  Tone
	Note  string // small line above the title
}

// NoticeProps describes a notice inside a page.
type NoticeProps struct {
	Tone  Tone // Info, OK, Warn, Danger
	Title string
	Text  string // plain text before the children
	Alert bool   // read aloud at once (errors that just happened)
}

// EmptyProps describes a list that has nothing in it, and what to do now.
type EmptyProps struct {
	Title, Text string
	Icon        string
	Action      LinkProps // shown when it has an Href
}

// PagerProps pages through a keyset: there are only previous and next.
type PagerProps struct {
	Prev, Next string // addresses; "" none
	Note       string // "Hồ sơ 1-20 trong khoảng 340"
}

// Tab is one tab; tabs are links, so that each has an address.
type Tab struct {
	Text, Href string
	Count      int // shown when above zero
	Current    bool
}

// Term is one line of a description list. Value is plain text unless Body is set.
type Term struct {
	Term, Value string
	Body        templ.Component
	Source      string // where the value comes from, small under it
	Edit        string // address that changes it
	EditOf      string // what is changed, for screen readers; "" is Term
}

// SearchProps describes the big search box of the home page and, Small, that of lists.
type SearchProps struct {
	Action      string
	Name        string // "" is "q"
	Label       string // read aloud; visible above the box when Big
	Value       string
	Placeholder string
	Big         bool
	Hints       []LinkProps       // examples under the big box
	Keep        map[string]string // further query values kept by the search
	Hotkey      string            // "/" focuses it
	Suggest     string            // address of a list of links for what is being typed; the page must be Live
}

// StatProps describes one figure of a dashboard. Every figure opens what it counts.
type StatProps struct {
	Label string
	Value string // formatted: "1.234", "95,4%"
	Href  string // the list behind the figure; required by the design
	Note  string // "tăng 12 so với tháng trước"
	Tone  Tone
	Share float64 // 0…1 draws a bar under the figure; 0 none
}

// KeyHint is one line of the keyboard help.
type KeyHint struct{ Keys, Text string }

// Errors are the bad fields of a form with their sentences, in the order of the page.
type Errors []FieldError

// FieldError is one bad field and what is wrong with it, in words.
type FieldError struct{ Name, Text string }

// ErrorsOf puts fields into words. A sentence may use {label}: give the labels by
// field name, or nil.
func ErrorsOf(ctx context.Context, fields []errs.Field, labels map[string]string) Errors {
	out := make(Errors, 0, len(fields))
	for _, f := range fields {
		args := map[string]any{"label": labels[f.Name]}
		for k, v := range f.Args {
			args[k] = v
		}
		out = append(out, FieldError{f.Name, i18n.TMap(ctx, "error."+f.Code, args)})
	}
	return out
}

// ErrorsIn puts the fields of err into words; an error without fields gives one
// entry without a name. nil gives none.
func ErrorsIn(ctx context.Context, err error, labels map[string]string) Errors {
	e, ok := errs.As(err)
	if !ok || e == nil {
		return nil
	}
	if len(e.Fields) == 0 {
		return Errors{{Text: i18n.TMap(ctx, "error."+e.Code, e.Args)}}
	}
	return ErrorsOf(ctx, e.Fields, labels)
}

// For returns the sentence for the field with this name, "" when it is fine.
func (e Errors) For(name string) string {
	for _, f := range e {
		if f.Name == name {
			return f.Text
		}
	}
	return ""
}

// FieldID returns the id of the control for a field name. Errors link to it.
func FieldID(name string) string {
	var b strings.Builder
	b.WriteString("f-")
	for _, r := range name {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_':
			b.WriteRune(r)
		default:
			b.WriteByte('-')
		}
	}
	return b.String()
}

// DescribedBy returns the aria-describedby value for a control made by hand inside Field.
func DescribedBy(p FieldProps) string {
	var ids []string
	if p.Help != "" {
		ids = append(ids, FieldID(p.Name)+"-help")
	}
	if p.Error != "" {
		ids = append(ids, FieldID(p.Name)+"-error")
	}
	return strings.Join(ids, " ")
}
