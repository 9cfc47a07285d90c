// Command motcua is the digital government of a province behind one door. Run it
// without arguments to see what it can do.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"motcua/internal/app/cli"
)

// version is set by a release (-ldflags "-X main.version=1.2.3"); otherwise the
// build says what it was made from.
var version string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// The first signal begins a graceful stop; after it the usual handling is back,
	// so that a second one ends the program at once.
	context.AfterFunc(ctx, stop)
	status := cli.Run(ctx, os.Args[1:], cli.Env{Environ: os.Environ(), Stdout: os.Stdout, Stderr: os.Stderr, Version: version})
	stop()
	os.Exit(status)
}
