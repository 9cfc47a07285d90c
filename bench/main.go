package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"
)

// options of every command.
type options struct {
	cache    string
	sizes    string
	engines  string
	postgres string
	window   time.Duration
	windows  int
	clients  int
	proof    string
	harder   float64 // multiplies every target: to see that a target can be missed
	keep     bool
	drop     bool
	directus bool
	runs     int
	only     string
	profile  string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(command(ctx, os.Args[1:]))
}

func command(ctx context.Context, args []string) int {
	var o options
	name := ""
	if len(args) > 0 {
		name, args = args[0], args[1:]
	}
	f := flag.NewFlagSet("bench "+name, flag.ContinueOnError)
	f.StringVar(&o.cache, "cache", "tmp/bench", "folder of the houses that are measured; a second run finds them there")
	f.StringVar(&o.sizes, "sizes", "0,100000", "how many dossiers are added to the demo")
	f.StringVar(&o.engines, "engines", "sqlite,postgres", "")
	f.StringVar(&o.postgres, "postgres", os.Getenv("MOTCUA_BENCH_POSTGRES"), "address of a server on which databases may be made; empty asks tools/postgres-url")
	f.DurationVar(&o.window, "window", 4*time.Second, "length of a window")
	f.IntVar(&o.windows, "windows", 5, "windows of each measurement; the median counts, the worst is told")
	f.IntVar(&o.clients, "clients", 64, "who file at once")
	f.StringVar(&o.proof, "proof", "docs/proof.md", "page to write the tables into; empty writes none")
	f.Float64Var(&o.harder, "harder", 1, "make every target so many times harder, to see a run fail")
	f.BoolVar(&o.keep, "keep", false, "measure a house that was measured before as it is, instead of from its copy")
	f.BoolVar(&o.drop, "drop", false, "remove a house of more than 100,000 dossiers once it is measured: for a disk that does not hold all of them")
	f.BoolVar(&o.directus, "directus", true, "measure Directus too")
	f.IntVar(&o.runs, "runs", 5, "runs of each page")
	f.StringVar(&o.only, "only", "pages,submit,lifecycle,plans", "what to measure of a house")
	f.StringVar(&o.profile, "profile", "", "folder for profiles of the server, one for each part")
	if err := f.Parse(args); err != nil {
		return 2
	}
	run := map[string]func(context.Context, options, *book) error{"run": runHouses, "peers": runPeers, "pages": runPages}[name]
	if run == nil {
		fmt.Fprintln(os.Stderr, "usage: bench run|peers|pages [flags]")
		return 2
	}
	o.cache = must(filepath.Abs(o.cache))
	if o.postgres == "" {
		if out, err := output(ctx, "tools/postgres-url"); err == nil {
			o.postgres = strings.TrimSpace(out)
		}
	}
	b := &book{harder: o.harder, where: machine(ctx, o.cache)}
	began := time.Now()
	err := run(ctx, o, b)
	for _, line := range b.problems {
		fmt.Println("  " + line)
	}
	if err == nil && o.proof != "" && o.harder == 1 {
		err = b.keepIn(o.proof)
	}
	missed := b.missed()
	switch {
	case err != nil:
		fmt.Printf("FAIL: bench %s: %v\n", name, err)
		return 1
	case len(missed) > 0:
		fmt.Printf("FAIL: bench %s: %d of %d targets missed (%s), %s\n", name, len(missed), b.targets(), strings.Join(missed, "; "), time.Since(began).Round(time.Second))
		return 1
	}
	fmt.Printf("PASS: bench %s: %d figures, %d of %d targets met, %s\n", name, len(b.figures), b.targets(), b.targets(), time.Since(began).Round(time.Second))
	return 0
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
