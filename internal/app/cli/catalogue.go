package cli

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"motcua/internal/app"
	"motcua/internal/core/identity"
	"motcua/internal/modules/catalogue"
)

type catalogCmd struct {
	Import catalogueImportCmd `cmd:"" help:"${catalogue_import}"`
	Diff   catalogueDiffCmd   `cmd:"" help:"${catalogue_diff}"`
	Score  catalogueScoreCmd  `cmd:"" help:"${catalogue_score}"`
}

type catalogueImportCmd struct {
	house
	Apply  bool     `help:"${catalogue_apply}"`
	Resume string   `help:"${catalogue_resume}" placeholder:"RUN"`
	Errors string   `help:"${catalogue_errors}" placeholder:"FILE"`
	Path   []string `arg:"" optional:"" help:"${catalogue_path}"`
}

// Run imports files, or goes on with an import that was stopped.
func (c *catalogueImportCmd) Run(r *run) (err error) {
	if (c.Resume == "") == (len(c.Path) == 0) {
		return errors.New(r.t("cli.catalogue.path-or-resume"))
	}
	a, err := r.houseFor(c.house)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx := identity.With(r.ctx, identity.System)
	room := a.Rooms.Catalogue
	run := catalogue.Run{ID: c.Resume}
	if c.Resume != "" {
		if run, _, err = room.Run(ctx, c.Resume); err != nil {
			return err
		}
		if run.State == catalogue.Stopped || run.State == catalogue.Failed {
			if err := room.Continue(ctx, c.Resume); err != nil {
				return err
			}
		}
	} else {
		files, err := tableFiles(c.Path)
		if err != nil {
			return err
		}
		var ids []string
		for _, name := range files {
			id, err := r.saveFile(room, name)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			ids = append(ids, id)
		}
		if run, err = room.Prepare(ctx, ids, c.Apply); err != nil {
			return err
		}
		r.say("cli.catalogue.started", "run", run.ID, "files", len(ids), "bytes", run.Size)
	}
	if err := room.Process(ctx, run.ID); err != nil {
		r.say("cli.catalogue.interrupted", "run", run.ID)
		return err
	}
	if run, _, err = room.Run(ctx, run.ID); err != nil {
		return err
	}
	if err := r.refusals(a, run, c.Errors); err != nil {
		return err
	}
	if err := a.Rooms.Journal.CatchUp(r.ctx); err != nil {
		return err
	}
	n := run.Counts
	return r.verdict(run.State == catalogue.Done, r.t("cli.catalogue.done", "run", run.ID, "lines", n.Lines(), "taken", n.Taken(), "added", n.Added, "changed", n.Changed,
		"same", n.Same, "pending", n.Pending, "refused", n.Refused))
}

// houseFor opens a house for a command that changes it.
func (r *run) houseFor(h house) (*app.App, error) {
	cfg, _, err := r.settings(h, nil)
	if err != nil {
		return nil, err
	}
	a, err := r.open(cfg)
	if err != nil {
		return nil, err
	}
	if err := a.Start(r.ctx); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	return a, nil
}

func (r *run) saveFile(room *catalogue.Service, name string) (id string, err error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return room.Save(identity.With(r.ctx, identity.System), filepath.Base(name), f)
}

// tableFiles lists the files meant: those named, and in folders every .json and .jsonl.
func tableFiles(paths []string) (out []string, err error) {
	for _, p := range paths {
		info, err := os.Stat(p)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			out = append(out, p)
			continue
		}
		before := len(out)
		err = filepath.WalkDir(p, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && slices.Contains([]string{".json", ".jsonl", ".ndjson"}, strings.ToLower(filepath.Ext(name))) {
				out = append(out, name)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		slices.Sort(out[before:])
	}
	return out, nil
}

// refusals prints why records were refused, and writes the sheet of errors.
func (r *run) refusals(a *app.App, run catalogue.Run, sheet string) (err error) {
	ctx := identity.With(r.ctx, identity.System)
	var table *csv.Writer
	if sheet != "" {
		f, err := os.Create(sheet)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		table = csv.NewWriter(f)
		defer table.Flush()
		if err := table.Write(catalogue.SheetHead(a.Bundle, r.lang)); err != nil {
			return err
		}
	}
	shown := 0
	file, line := int64(-1), int64(0)
	for {
		rows, err := a.Rooms.Catalogue.Rows(ctx, run.ID, catalogue.OutcomeRefused, file, line, 500)
		if err != nil {
			return err
		}
		for _, l := range rows {
			file, line = l.File, l.Line
			cells := catalogue.SheetRow(a.Bundle, r.lang, run, l)
			if shown++; shown <= 50 {
				r.print("  " + cells[0] + ":" + cells[1] + " " + cells[4] + " — " + cells[6] + "\n")
			}
			if table != nil {
				if err := table.Write(cells); err != nil {
					return err
				}
			}
		}
		if len(rows) < 500 {
			return nil
		}
	}
}

type catalogueDiffCmd struct {
	house
	Path []string `arg:"" help:"${catalogue_path}"`
}

// Run says what importing files would change.
func (c *catalogueDiffCmd) Run(r *run) (err error) {
	a, err := r.houseFor(c.house)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	files, err := tableFiles(c.Path)
	if err != nil {
		return err
	}
	n := map[catalogue.Outcome]int{}
	for _, name := range files {
		if err := r.diffFile(a, name, n); err != nil {
			return err
		}
	}
	return r.verdict(true, r.t("cli.catalogue.diff", "added", n[catalogue.OutcomeAdded], "changed", n[catalogue.OutcomeChanged], "same", n[catalogue.OutcomeSame], "refused", n[catalogue.OutcomeRefused]))
}

func (r *run) diffFile(a *app.App, name string, n map[catalogue.Outcome]int) (err error) {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	ctx := identity.With(r.ctx, identity.System)
	return a.Rooms.Catalogue.Compare(ctx, f, func(x catalogue.Found) error {
		n[x.Row.Outcome]++
		switch x.Row.Outcome {
		case catalogue.OutcomeRefused:
			cells := catalogue.SheetRow(a.Bundle, r.lang, catalogue.Run{Files: []catalogue.RunFile{{Name: filepath.Base(name)}}}, x.Row)
			r.print("! " + cells[0] + ":" + cells[1] + " " + cells[4] + "\n")
		case catalogue.OutcomeAdded:
			r.print("+ " + x.Row.Code + " " + x.Name + "\n")
		case catalogue.OutcomeChanged:
			r.print("~ " + x.Row.Code + " " + x.Name + "\n")
			for _, p := range x.Parts {
				r.print("    " + catalogue.PartWords(a.Bundle, r.lang, p.Part) + "\n")
				for _, l := range p.Old {
					r.print("      - " + l + "\n")
				}
				for _, l := range p.New {
					r.print("      + " + l + "\n")
				}
			}
		}
		return nil
	})
}

type catalogueScoreCmd struct {
	house
	Agency string `help:"${catalogue_agency}"`
}

// Run prints how complete the catalogue is, by agency, and how much of it became fields.
func (c *catalogueScoreCmd) Run(r *run) (err error) {
	a, err := r.houseFor(c.house)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	ctx := identity.With(r.ctx, identity.System)
	standings, err := a.Rooms.Catalogue.Standings(ctx)
	if err != nil {
		return err
	}
	if c.Agency != "" {
		standings = slices.DeleteFunc(standings, func(s catalogue.Standing) bool { return s.Agency != c.Agency })
	}
	for _, s := range standings {
		name := s.Agency
		if name == "" {
			name = r.t("cli.catalogue.no-agency")
		}
		r.say("cli.catalogue.agency", "name", name, "entries", s.Entries, "complete", s.Complete, "score", strconv.FormatFloat(s.Score, 'f', 1, 64))
		for _, n := range catalogue.Needs() {
			if c.Agency != "" && s.None[n]+s.Words[n] > 0 {
				r.say("cli.catalogue.lack", "need", catalogue.NeedWords(a.Bundle, r.lang, n), "none", s.None[n], "words", s.Words[n])
			}
		}
	}
	t, err := a.Rooms.Catalogue.Tally(ctx)
	if err != nil {
		return err
	}
	r.say("cli.catalogue.tally-terms", "ways", t.Ways, "terms", t.Terms+t.NoTerms, "words", t.TermWords, "unknown", t.TermUnknown)
	r.say("cli.catalogue.tally-fees", "ways", t.Ways, "fees", t.Fees+t.Free, "words", t.FeeWords, "unknown", t.FeeUnknown)
	r.say("cli.catalogue.tally-papers", "papers", t.Papers, "counted", t.Counted, "forms", t.Forms)
	r.say("cli.catalogue.tally-laws", "laws", t.Laws, "numbered", t.Numbered, "dated", t.Dated, "known", t.Known)
	total := catalogue.Total(standings)
	return r.verdict(true, r.t("cli.catalogue.score", "entries", total.Entries, "complete", total.Complete, "score", strconv.FormatFloat(total.Score, 'f', 1, 64)))
}
