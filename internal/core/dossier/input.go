package dossier

import (
	"slices"
	"time"

	"motcua/internal/core/form"
)

// Draft is a dossier that a citizen is still writing: autosaved, resumable on
// another device, private to the account.
type Draft struct {
	ID        string
	AccountID string
	OfferID   string
	VersionID string
	CaseID    string
	Answers   form.Answers
	Papers    []PaperInput
	Step      string // where the person stands: a step id of the form, or "papers", "review"
	Owner     *Person
	Proxy     string
	Delivery  Delivery
	Rev       int64 // grows with every save
	Title     string
	UpdatedAt time.Time
	ExpiresAt time.Time // drafts not touched are discarded; the page says so
	DossierID string    // set once it was submitted: the page then leads to the dossier
}

// DraftPatch changes parts of a draft. Only what is there is changed: a nil
// Answers map touches no answer, and inside it only the named fields change.
//
// Two tabs lose nothing: a field that this tab did not change since Rev (its value
// equals what it was then) never overwrites what the other tab has written since.
type DraftPatch struct {
	Rev      int64        // revision the page was drawn from; 0 = unknown, every given field counts as changed
	Own      []int64      // later revisions that the same page made, while another tab saved too: see [DraftPatch.Next]
	Step     string       // "" = stays
	CaseID   string       // "" = stays; changing the case keeps the answers that the new form also asks
	Answers  form.Answers // field id → value; nil value = cleared
	Papers   []PaperInput // by component code: each replaces that paper; Remove takes it away
	Owner    *Person      // nil = stays
	Proxy    *string      // nil = stays
	Delivery *Delivery    // nil = stays
}

// Next is what the page sends along with its next save, once this one has made
// revision saved: saved itself, unless another tab saved in between. The page does not
// show what that one wrote, and so stays one of its old revision with saves of its own.
func (p DraftPatch) Next(saved int64) (rev int64, own []int64) {
	if saved == p.Rev+1 && len(p.Own) == 0 {
		return saved, nil
	}
	own = append(slices.Clone(p.Own), saved)
	return p.Rev, own[max(0, len(own)-undoDepth):]
}

// PaperInput is one paper as handed in. Extra papers have no Code but a Name.
type PaperInput struct {
	Code      string   `json:"code"`
	Name      string   `json:"name,omitempty"`
	Kind      string   `json:"kind,omitempty"` // original | copy | certified | electronic; default electronic when files are given online
	Originals int      `json:"originals,omitempty"`
	Copies    int      `json:"copies,omitempty"`
	FileIDs   []string `json:"file_ids,omitempty"` // blob files owned by the account (or uploaded by the clerk)
	EntryID   string   `json:"entry_id,omitempty"` // re-use a result that the register already keeps (once-only)
	Note      string   `json:"note,omitempty"`
	Remove    bool     `json:"remove,omitempty"`
}

// SubmitInput files a draft. The same Key, or the same draft, gives the same dossier.
type SubmitInput struct {
	DraftID string
	Key     string // Idempotency-Key; "" uses the draft id
	Rev     int64  // revision reviewed by the person; another one is refused as "dossier.draft-changed"; 0 = whatever is saved
}

// IntakeInput is a dossier taken in at a counter, or by post: created and received
// at once.
type IntakeInput struct {
	Key               string
	OfferID, CaseID   string
	ReceivingAgencyID string  // "" = the agency of the clerk's post that may receive
	Channel           Channel // Direct (default) or Postal
	Owner, Submitter  Person  // Submitter zero = the owner
	Proxy             string
	Answers           form.Answers
	Papers            []PaperInput
	Delivery          Delivery
	Sets              int    // số bộ hồ sơ, default 1
	Title             string // "" = from the form's title template
	FeePaid           int64  // đồng collected at the counter now (thu trước)
	ReceiptNo         string // number of the fee receipt
	Confidentiality   Confidentiality
}

// ActInput is one act of a member of staff (or of the system) on a dossier.
type ActInput struct {
	DossierID string
	TaskID    string         // may be empty when only one task can be meant
	Action    string         // id out of Actions
	Reason    string         // told to the citizen and printed on the form
	Note      string         // for colleagues
	Fields    map[string]any // result fields (needs: result_fields); fee: "amount", "receipt_no"; opinion: "value" agree|disagree|other
	Files     []string       // blob file ids
	AssignTo  string         // account id
	Due       time.Time      // needs: due
	Missing   []string       // supplement request: component codes asked for
	Version   int64          // Dossier.Version the person saw; 0 = do not check (API clients that hold a key)
	Key       string         // idempotency key
}

// SupplementInput is the citizen's answer to a supplement request.
type SupplementInput struct {
	DossierID string
	Answers   form.Answers // changed answers only; nil = none
	Papers    []PaperInput
	Note      string
	Version   int64
	Key       string
}

// WithdrawInput takes a dossier back on the owner's or submitter's wish.
type WithdrawInput struct {
	DossierID string
	Reason    string
	Version   int64
	Key       string
}

// RateInput is the citizen's judgement of one dossier, once, after it ended.
type RateInput struct {
	DossierID string
	Stars     int // 1..5
	Comment   string
	Key       string
}
