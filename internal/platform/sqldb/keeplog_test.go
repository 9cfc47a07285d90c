package sqldb

import (
	"os"
	"path/filepath"
	"testing"
)

// What is to be read from the log first stays there, however much it is.
func TestAKeptLogIsNotCarriedIntoTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kept.db")
	db, err := Open(t.Context(), "sqlite:"+path, Options{KeepLog: true})
	if err != nil {
		t.Fatal(err)
	}
	write := func(statement string) {
		t.Helper()
		if err := db.Tx(t.Context(), func(tx *Tx) error {
			_, err := tx.Exec(t.Context(), statement)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	write(`CREATE TABLE x (b BLOB)`)
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	const big = 20 << 20 // more than a log may hold that nobody keeps
	write(`INSERT INTO x VALUES (zeroblob(20971520))`)
	write(`INSERT INTO x VALUES (NULL)`)
	file, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	log, err := os.Stat(path + "-wal")
	if err != nil {
		t.Fatal(err)
	}
	if file.Size() != before.Size() || log.Size() < big {
		t.Errorf("the file has %d bytes, it had %d; the log has %d", file.Size(), before.Size(), log.Size())
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
