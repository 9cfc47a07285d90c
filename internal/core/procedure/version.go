package procedure

import (
	"encoding/json"
	"time"
)

// Version is one published state of a procedure. It never changes; a dossier is
// pinned to one.
type Version struct {
	ID        string
	Code      string // procedure code
	Number    int    // 1, 2, … per code
	Pack      string // code of the pack it came with
	ValidFrom string // civil date 2006-01-02
	ValidTo   string // last day, "" = open
	Hash      string // sha-256 hex over the definition and its parts, in canonical form
	Published time.Time
	Def       *Definition
	Parts     Parts
}

// Parts are the declarations a version carries with it, by their id in the pack,
// in JSON: a dossier pinned to the version can be worked with them for ever.
type Parts struct {
	Forms     map[string]json.RawMessage `json:"forms"`
	Flows     map[string]json.RawMessage `json:"flows"`
	Templates map[string]json.RawMessage `json:"templates,omitempty"`
}

// Offer is one agency's readiness to take dossiers of a procedure through one channel.
type Offer struct {
	ID            string // "<code>~<agency id>~<channel>"
	ProcedureCode string
	AgencyID      string
	Channel       ChannelKind
	Online        OnlineLevel
}
