// Package journal is the sổ nhật ký: the one ledger of what happened.
//
// A room appends events in the transaction that makes the change, so the ledger
// and the data never disagree. Events of one stream ("dossier:0198…") are
// numbered 1, 2, 3… without gaps. The timeline that citizens read, the legal
// clock, statistics, notifications and audit are all read from here.
//
// # Sealing
//
// Soon after the commit (milliseconds) the sealer, one at a time across all
// replicas, gives every event its position: a gap-free number in an order that
// never changes, 0 for the first event of the house. The event at position n is
// record n of a Merkle log (RFC 6962 hashes, golang.org/x/mod/sumdb/tlog); the
// hashes of records and inner nodes stand in journal_hash. Every few seconds the
// size and root of the log are signed (golang.org/x/mod/sumdb/note, Ed25519) and
// kept twice: in journal_checkpoint and, outside the database, in the file
// checkpoints of the audit folder. Whoever rewrites the database, hashes and
// all, still contradicts the file. docs/adr/0002 tells why sealing is not done
// inside the commit.
//
// # What is hashed
//
// The record of an event is the concatenation of netstrings (decimal length in
// bytes, colon, the bytes, comma) in this order:
//
//	"motcua-event/1", id, stream, seq, type, at, actor, actor name, on behalf of, purpose, data
//
// Numbers are decimal; at is milliseconds since 1970 UTC; data is the JSON text
// exactly as stored. Netstrings leave no two events with the same bytes. The
// leaf hash is SHA-256(0x00 || record), an inner node SHA-256(0x01 || left ||
// right).
//
// # Subscribers
//
// A subscriber follows the positions with a durable cursor that moves in the
// transaction of its handler: at least once in the presence of crashes, and as
// seen in the database exactly once.
package journal
