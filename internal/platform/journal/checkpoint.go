package journal

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// The audit folder holds
//
//	key          the signing key, mode 0600, made at first start
//	key.pub      its public half, for verifiers elsewhere
//	trusted      optional: public keys of other replicas or of earlier years, one a line
//	checkpoints  every checkpoint this machine has seen, only ever appended to
const (
	keyFile        = "key"
	publicFile     = "key.pub"
	trustedFile    = "trusted"
	checkpointFile = "checkpoints"
)

// checkpoint is the size and root of the log at a moment. As text it is
// the checkpoint format of transparency logs: origin, size, root, and an
// extension line with the time. A rewind, written when an operator accepts that
// the database was restored from a backup, has the origin "<name>/rewind" and
// two more lines: the place the log went back to, and why.
type checkpoint struct {
	origin string
	size   int64
	root   tlog.Hash
	at     time.Time
	// only of a rewind
	back   int64 // the log is that of size back again
	reason string
}

const rewindSuffix = "/rewind"

func (c checkpoint) isRewind() bool { return strings.HasSuffix(c.origin, rewindSuffix) }

func (c checkpoint) text() string {
	s := fmt.Sprintf("%s\n%d\n%s\ntime %s\n", c.origin, c.size, c.root, c.at.UTC().Format(time.RFC3339Nano))
	if c.isRewind() {
		s += fmt.Sprintf("back %d\nreason %s\n", c.back, strings.Join(strings.Fields(c.reason), " "))
	}
	return s
}

func parseCheckpoint(text string) (checkpoint, error) {
	bad := errors.New("not a checkpoint")
	lines := strings.Split(text, "\n")
	if len(lines) < 5 || lines[len(lines)-1] != "" {
		return checkpoint{}, bad
	}
	c := checkpoint{origin: lines[0]}
	var err error
	if c.size, err = strconv.ParseInt(lines[1], 10, 64); err != nil || c.size < 0 || strconv.FormatInt(c.size, 10) != lines[1] {
		return checkpoint{}, bad
	}
	if c.root, err = tlog.ParseHash(lines[2]); err != nil {
		return checkpoint{}, bad
	}
	at, ok := strings.CutPrefix(lines[3], "time ")
	if c.at, err = time.Parse(time.RFC3339Nano, at); err != nil || !ok {
		return checkpoint{}, bad
	}
	if c.isRewind() {
		if len(lines) != 7 {
			return checkpoint{}, bad
		}
		back, ok1 := strings.CutPrefix(lines[4], "back ")
		reason, ok2 := strings.CutPrefix(lines[5], "reason ")
		if c.back, err = strconv.ParseInt(back, 10, 64); err != nil || !ok1 || !ok2 || c.back < 0 {
			return checkpoint{}, bad
		}
		c.reason = reason
	} else if len(lines) != 5 {
		return checkpoint{}, bad
	}
	// What is parsed must be all there is: no second way to write the same thing.
	if c.text() != text {
		return checkpoint{}, bad
	}
	return c, nil
}

// sign makes the note of c.
func (c checkpoint) sign(s note.Signer) (string, error) {
	msg, err := note.Sign(&note.Note{Text: c.text()}, s)
	return string(msg), err
}

// openCheckpoint checks the signature and reads the note.
func openCheckpoint(msg string, trusted note.Verifiers) (checkpoint, error) {
	n, err := note.Open([]byte(msg), trusted)
	if err != nil {
		return checkpoint{}, err
	}
	return parseCheckpoint(n.Text)
}

// keys are what the audit folder says about signatures.
type keys struct {
	signer  note.Signer // nil when only verifying
	trusted note.Verifiers
}

// signingKeys reads the key of the folder, making both when absent.
func signingKeys(dir, name string) (keys, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return keys{}, fmt.Errorf("audit folder: %w", err)
	}
	path := filepath.Join(dir, keyFile)
	secret, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if secret, err = makeKey(dir, name); err != nil {
			return keys{}, fmt.Errorf("audit key: %w", err)
		}
	} else if err != nil {
		return keys{}, fmt.Errorf("audit key: %w", err)
	}
	signer, err := note.NewSigner(strings.TrimSpace(string(secret)))
	if err != nil {
		return keys{}, fmt.Errorf("audit key %s: %w", path, err)
	}
	trusted, err := trustedKeys(dir)
	if err != nil {
		return keys{}, err
	}
	return keys{signer: signer, trusted: trusted}, nil
}

// makeKey writes a new key pair. The secret is written last, so that a crash
// between the two leaves no key without its public half.
func makeKey(dir, name string) ([]byte, error) {
	if _, err := os.Stat(filepath.Join(dir, checkpointFile)); err == nil {
		return nil, errors.New("there are checkpoints here but no key to go on with; put the key back, or move the folder away and keep it as evidence")
	}
	secret, public, err := note.GenerateKey(rand.Reader, name)
	if err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(dir, publicFile), public+"\n", 0o644); err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(dir, keyFile), secret+"\n", 0o600); err != nil {
		return nil, err
	}
	return []byte(secret), nil
}

// writeSynced writes a file by way of a temporary name, so that it is there
// whole or not at all.
func writeSynced(path, text string, mode fs.FileMode) (err error) {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	_, werr := f.WriteString(text)
	if err := errors.Join(werr, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// trustedKeys reads the public keys whose signatures count.
func trustedKeys(dir string) (note.Verifiers, error) {
	var all []note.Verifier
	for _, name := range []string{publicFile, trustedFile} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("audit keys: %w", err)
		}
		for _, line := range strings.Fields(string(text)) {
			v, err := note.NewVerifier(line)
			if err != nil {
				return nil, fmt.Errorf("audit keys: %s: %w", name, err)
			}
			all = append(all, v)
		}
	}
	return note.VerifierList(all...), nil
}
