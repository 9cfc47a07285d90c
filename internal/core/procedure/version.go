package procedure

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"
)

// Catalogue stands in place of a pack's code on versions that come from the national
// catalogue: they can be read, and nobody can file them, because they have neither
// form nor flow. A pack that brings the procedure takes it over; see [Service.Publish].
const Catalogue = "@catalogue"

// Version is one published state of a procedure. It never changes; a dossier is
// pinned to one.
type Version struct {
	ID        string
	Code      string // procedure code
	Number    int    // 1, 2, … per code
	Pack      string // code of the pack it came with, or Catalogue
	ValidFrom string // civil date 2006-01-02
	ValidTo   string // last day, "" = open
	Hash      string // sha-256 hex over the definition and its parts, in canonical form
	Published time.Time
	Withdrawn bool // never in force again; kept for the dossiers that are pinned to it
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

// Bundle is a procedure ready to be published.
type Bundle struct {
	Pack  string
	Def   *Definition
	Parts Parts

	hash string // see Seal
}

// Seal works the hash out beforehand, so that no time is spent on it inside a
// transaction.
func (b Bundle) Seal() (Bundle, error) {
	hash, err := b.Hash()
	b.hash = hash
	return b, err
}

// Hash is the content hash of the bundle: the same declarations give the same hash,
// however the files were laid out. The pack's name is no part of it.
func (b Bundle) Hash() (string, error) {
	if b.hash != "" {
		return b.hash, nil
	}
	text, err := json.Marshal(struct {
		Def   *Definition `json:"def"`
		Parts Parts       `json:"parts"`
	}{b.Def, b.Parts})
	if err != nil {
		return "", fmt.Errorf("encode procedure %s: %w", b.Def.Code, err)
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Offer is one agency's readiness to take dossiers of a procedure through one channel.
type Offer struct {
	ID            string // "<code>~<agency id>~<channel>": stable, made of its parts
	ProcedureCode string
	VersionID     string // version in force when it was asked
	AgencyID      string
	AgencyName    string
	Channel       ChannelKind
	Online        OnlineLevel // how far online this agency offers it
}
