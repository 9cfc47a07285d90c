package blob

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// Verdict is what a scanner found.
type Verdict struct {
	Virus   string // the name of what was found; "" when nothing
	Skipped string // why the scanner did not look ("too-large"); "" when it did
}

// Scanner looks for viruses.
type Scanner interface {
	// Scan reads r to its end. An error says that nothing is known about the content.
	Scan(ctx context.Context, r io.Reader, size int64) (Verdict, error)
	// Ping reports whether the scanner is there, and which one.
	Ping(ctx context.Context) (version string, err error)
}

// ClamAV asks a clamd over its INSTREAM protocol.
type ClamAV struct {
	network, address string
	max              int64
}

// NewClamAV makes a scanner for the daemon at address: "host:3310" or the path of
// its socket. maxStream is clamd's own StreamMaxLength in bytes (0: 25 MiB, its
// default); longer files are not sent.
func NewClamAV(address string, maxStream int64) *ClamAV {
	c := &ClamAV{network: "tcp", address: address, max: maxStream}
	if path, ok := strings.CutPrefix(address, "unix:"); ok || strings.HasPrefix(address, "/") {
		c.network, c.address = "unix", path
	}
	if c.max == 0 {
		c.max = 25 << 20
	}
	return c
}

const skippedTooLarge = "too-large"

// Scan implements Scanner.
func (c *ClamAV) Scan(ctx context.Context, r io.Reader, size int64) (_ Verdict, err error) {
	if size > c.max {
		return Verdict{Skipped: skippedTooLarge}, nil
	}
	conn, stop, err := c.dial(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer stop()
	_, sent := conn.Write([]byte("zINSTREAM\x00"))
	buf := make([]byte, 4+64<<10)
	for sent == nil {
		n, rerr := io.ReadFull(r, buf[4:])
		if n > 0 {
			binary.BigEndian.PutUint32(buf, uint32(n))
			_, sent = conn.Write(buf[:4+n])
		}
		if errors.Is(rerr, io.EOF) || errors.Is(rerr, io.ErrUnexpectedEOF) {
			break
		}
		if rerr != nil {
			return Verdict{}, fmt.Errorf("reading what is to be scanned: %w", rerr)
		}
	}
	if sent == nil {
		_, sent = conn.Write([]byte{0, 0, 0, 0})
	}
	// Also when writing failed: a daemon that has seen enough answers and hangs up.
	answer, err := io.ReadAll(io.LimitReader(conn, 4096))
	if len(answer) == 0 {
		return Verdict{}, fmt.Errorf("clamd gave no answer: %w", errors.Join(sent, err))
	}
	return parseAnswer(answer)
}

// parseAnswer reads "stream: OK", "stream: Name FOUND" or "… ERROR".
func parseAnswer(b []byte) (Verdict, error) {
	answer := strings.TrimSpace(string(bytes.TrimRight(b, "\x00\n")))
	text := strings.TrimPrefix(answer, "stream: ")
	switch {
	case text == "OK":
		return Verdict{}, nil
	case strings.HasSuffix(text, " FOUND"):
		return Verdict{Virus: strings.TrimSuffix(text, " FOUND")}, nil
	case strings.Contains(text, "size limit exceeded"):
		return Verdict{Skipped: skippedTooLarge}, nil
	}
	return Verdict{}, fmt.Errorf("clamd answered %q", answer)
}

// Ping implements Scanner.
func (c *ClamAV) Ping(ctx context.Context) (string, error) {
	conn, stop, err := c.dial(ctx)
	if err != nil {
		return "", err
	}
	defer stop()
	if _, err := conn.Write([]byte("zVERSION\x00")); err != nil {
		return "", err
	}
	answer, err := io.ReadAll(io.LimitReader(conn, 4096))
	if len(answer) == 0 {
		return "", fmt.Errorf("clamd gave no answer: %w", err)
	}
	return strings.TrimRight(string(answer), "\x00\n"), nil
}

// dial connects, and cuts the connection when ctx ends.
func (c *ClamAV) dial(ctx context.Context) (net.Conn, func(), error) {
	d := net.Dialer{Timeout: 5 * time.Second}
	conn, err := d.DialContext(ctx, c.network, c.address)
	if err != nil {
		return nil, nil, fmt.Errorf("reaching clamd: %w", err)
	}
	cut := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) }) // a closed connection has nothing to cut
	return conn, func() {
		cut()
		_ = conn.Close() // the answer is in; nothing depends on the goodbye
	}, nil
}
