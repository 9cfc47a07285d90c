package journal

import (
	"encoding/json"
	"strconv"
	"time"
)

// Event is one thing that happened. Once appended it never changes.
type Event struct {
	// ID is a UUIDv7, set by Append. Within a stream ids ascend with Seq.
	ID string
	// Stream names what it happened to: "<room>:<id>", e.g. "dossier:0198…".
	Stream string
	// Seq numbers the events of a stream from 1 without gaps; set by Append.
	Seq int64
	// Type is "<room>.<what>", e.g. "dossier.received": stable, read by subscribers.
	Type string
	// At is when it happened, UTC, kept to the millisecond; Append sets it when zero.
	At time.Time
	// Actor is the account id of who did it, "" for the system itself.
	Actor string
	// ActorName is the name as it was then.
	ActorName string
	// OnBehalf is the account id or name of the person it was done for (ủy quyền, ủy nhiệm), or "".
	OnBehalf string
	// Purpose says why personal data was read or used, where the law asks for it.
	Purpose string
	// Data is the payload, a JSON value. Keep personal data out of it where an id will do:
	// nothing can ever be erased from the journal.
	Data json.RawMessage
	// Position is the place in the sealed order, from 0. It is Unsealed until the
	// sealer has been by.
	Position int64
}

// Unsealed is the Position of an event that the sealer has not reached yet.
const Unsealed int64 = -1

// Decode reads the payload into v.
func (e Event) Decode(v any) error { return json.Unmarshal(e.Data, v) }

// Record returns the bytes of which the leaf hash is made; see the package
// comment. Position is no part of it: the log itself says at which place the
// record stands.
func (e Event) Record() []byte {
	b := make([]byte, 0, 256+len(e.Data))
	for _, s := range [...]string{
		"motcua-event/1", e.ID, e.Stream, strconv.FormatInt(e.Seq, 10), e.Type,
		strconv.FormatInt(e.At.UnixMilli(), 10), e.Actor, e.ActorName, e.OnBehalf, e.Purpose,
	} {
		b = netstring(b, s)
	}
	return netstring(b, string(e.Data))
}

func netstring(b []byte, s string) []byte {
	b = strconv.AppendInt(b, int64(len(s)), 10)
	b = append(b, ':')
	b = append(b, s...)
	return append(b, ',')
}
