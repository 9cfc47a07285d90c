package notify

import "time"

// Notice is one message to one account about one dossier. Its sentence is the
// locale key "notify.<Kind>", with number, title, agency and due as placeholders.
type Notice struct {
	ID        string
	EventID   string // journal event it comes from
	AccountID string
	At        time.Time
	Kind      string // the event's type without "dossier."
	Number    string // of the dossier
	Title     string // trích yếu
	Agency    string
	DueAt     time.Time // zero when the dossier has no due time
	ReadAt    time.Time // zero while unread
}

// Href is the page that the notice is about.
func (n Notice) Href() string { return "/ho-so/" + n.Number }

// Subject is what a notice needs to know of a dossier.
type Subject struct {
	Number, Title, Agency string
	DueAt                 time.Time
	Accounts              []string // owner and submitter, those who have an account
	Emails                []string // addresses on the dossier of people without an account
}
