package web

import (
	"errors"
	stdlog "log"
	"log/slog"
	"net/http"
	"strings"
	"time"
)

// NewServer returns a server for h with the limits every listener needs: headers
// must come quickly and be small, idle connections are let go. There is no limit on
// the whole answer, because a citizen may take minutes for one file over 256 kbit/s;
// work is bounded by [Route].Timeout instead.
func NewServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          stdlog.New(serverLog{log}, "", 0),
	}
}

// serverLog takes what net/http complains about; it names addresses of callers,
// which are personal data.
type serverLog struct{ log *slog.Logger }

func (l serverLog) Write(b []byte) (int, error) {
	l.log.Warn("http server", slog.String("error", scrub(errors.New(strings.TrimSpace(string(b))))))
	return len(b), nil
}
