// Command drills hurts a house on purpose while people work in it, and says
// whether anything that was acknowledged was lost, doubled or torn.
//
//	go run ./bench/drills -list
//	go run ./bench/drills kill9 powerloss
//	go run ./bench/drills -short all
//	go run ./bench/drills -short -break old-copy kill9   (must fail)
//
// Each drill ends with one line of figures and PASS or FAIL; the exit status is 0
// when all passed. docs/drills.md says what each proves.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"motcua/bench/drills/drill"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, out, progress io.Writer) int {
	f := flag.NewFlagSet("drills", flag.ContinueOnError)
	f.SetOutput(progress)
	var (
		list    = f.Bool("list", false, "list the drills and the ways to break them")
		short   = f.Bool("short", false, "the edition of at most a minute")
		how     = f.String("break", "", "run it broken in this way; it must then fail")
		seed    = f.Uint64("seed", 0, "repeat a run (0: choose one)")
		keep    = f.String("keep", "", "keep program and demos in this folder for the next run")
		quiet   = f.Bool("quiet", false, "only the last lines")
		results = f.String("results", "", "write the results to this file as JSON")
		proof   = f.String("proof", "", "write the table of drills into this file, between its marks")
	)
	if f.Parse(args) != nil {
		return 2
	}
	all := drills()
	if *list || f.NArg() == 0 {
		for _, d := range all {
			_, _ = fmt.Fprintf(out, "%-12s %s\n", d.Name, d.Proves)
			for _, b := range d.Breaks {
				_, _ = fmt.Fprintf(out, "%-12s   -break %s: %s\n", "", b.Name, b.What)
			}
		}
		return 0
	}
	chosen, err := choose(all, f.Args(), *how)
	if err != nil {
		_, _ = fmt.Fprintln(progress, err)
		return 2
	}
	shop, err := drill.NewWorkshop(*keep)
	if err != nil {
		_, _ = fmt.Fprintln(progress, err)
		return 1
	}
	defer func() {
		if err := shop.Close(); err != nil {
			_, _ = fmt.Fprintln(progress, err)
		}
	}()
	if *quiet {
		progress = io.Discard
	}
	status := 0
	var ended []drill.Result
	for _, d := range chosen {
		r := drill.Run(d, drill.Options{Shop: shop, Short: *short, Break: *how, Seed: *seed, Log: progress})
		for _, p := range r.Problems {
			_, _ = fmt.Fprintln(out, "  "+strings.ReplaceAll(p, "\n", "\n  "))
		}
		_, _ = fmt.Fprintln(out, r)
		if !r.Pass {
			status = 1
		}
		ended = append(ended, r)
	}
	if err := record(all, ended, *results, *proof); err != nil {
		_, _ = fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

// choose finds the drills by name; "all" is all of them.
func choose(all []drill.Drill, names []string, how string) (chosen []drill.Drill, err error) {
	if slices.Equal(names, []string{"all"}) {
		chosen = all
	} else {
		for _, n := range names {
			i := slices.IndexFunc(all, func(d drill.Drill) bool { return d.Name == n })
			if i < 0 {
				return nil, fmt.Errorf("no drill is called %q; -list shows them", n)
			}
			chosen = append(chosen, all[i])
		}
	}
	for _, d := range chosen {
		if _, ok := d.Find(how); how != "" && !ok {
			return nil, fmt.Errorf("%s cannot be broken by %q; -list shows how", d.Name, how)
		}
	}
	return chosen, nil
}

// record writes what came out to where it was asked for.
func record(all []drill.Drill, ended []drill.Result, results, proof string) error {
	if results != "" {
		text, err := drill.JSON(ended)
		if err != nil {
			return err
		}
		if err := os.WriteFile(results, text, 0o644); err != nil { //nolint:gosec // for everybody to read
			return err
		}
	}
	if proof == "" {
		return nil
	}
	text, err := os.ReadFile(proof) //nolint:gosec // named by whoever runs this
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	table, err := render(string(text), all, ended, machine())
	if err != nil {
		return err
	}
	return os.WriteFile(proof, []byte(table), 0o644) //nolint:gosec // a page of the documentation
}
