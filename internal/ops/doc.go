// Package ops keeps a house alive: backup (sao lưu), restore (khôi phục), doctor
// (chẩn đoán). It works on the whole house at once, below the pages and above the
// nouns, and is used by the commands.
//
// # The backup file
//
// One tar archive, so that any tool can look inside:
//
//	motcua-backup.json      what this is; readable with head
//	audit/…                 key and checkpoints of the ledger, as they were before the snapshot
//	secret                  what signs cookies
//	database.sqlite/000001… the database file, zstd, in pieces   (SQLite)
//	tables/<name>/000001…   rows in PostgreSQL's COPY text, zstd (PostgreSQL)
//	blobs/<sha256>          the files, each once
//	manifest.json           schema steps, tables and row counts, what was missing
//	checksum                SHA-256 of every byte before it
//
// The database is read in one snapshot while the house goes on working, then the
// files that the snapshot refers to: files are never changed and not removed for
// days, so database and files fit together. A changed byte anywhere, in padding
// too, is found before anything is restored.
//
// # Restoring
//
// Everything is checked and built beside what is there: checksum, schema, disk
// space, then the new database with its integrity, row counts and the Merkle log
// of its ledger, then the files. Only then do the two databases change places, in
// one atomic step, and the old one stays aside until a person removes it. An
// interruption at any moment leaves the old house or the new one, whole.
//
// A backup of either engine can be restored on either engine.
package ops
