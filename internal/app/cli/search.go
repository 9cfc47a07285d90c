package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"motcua/internal/core/procedure"
)

type searchCmd struct {
	Find  searchFindCmd  `cmd:"" help:"${search_find}"`
	Judge searchJudgeCmd `cmd:"" help:"${search_judge}"`
}

type searchFindCmd struct {
	house
	Text  []string `arg:"" help:"${search_text}"`
	After string   `help:"${search_after}" placeholder:"CODE"`
}

// Run prints what the search finds, as the site would show it.
func (c *searchFindCmd) Run(r *run) error {
	return r.catalogue(c.house, func(procedures *procedure.Service) error {
		page, err := procedures.Search(r.ctx, procedure.Query{Text: strings.Join(c.Text, " "), After: c.After, Limit: 10})
		if err != nil {
			return err
		}
		if page.About != nil {
			r.say("cli.search.about", "name", page.About.Name.Lang(r.lang))
		}
		for _, h := range page.Hits {
			r.print(fmt.Sprintf("%-10s  %s\n", h.Code, h.Name.Lang(r.lang)))
		}
		return r.verdict(page.Total > 0, r.t("cli.search.found", "n", page.Total))
	})
}

type searchJudgeCmd struct {
	house
	Questions []string `help:"${search_questions}" required:"" type:"path" placeholder:"FILE"`
	Misses    int      `help:"${search_misses}" default:"10"`
}

// Run asks collected questions and says how many lead to their procedure.
func (c *searchJudgeCmd) Run(r *run) error {
	var all []procedure.Asked
	files := 0
	for _, name := range c.Questions {
		fsys, err := folder(name)
		if err != nil {
			return err
		}
		asked, n, err := procedure.ReadQuestions(fsys)
		if err != nil {
			return err
		}
		all, files = append(all, asked...), files+n
	}
	return r.catalogue(c.house, func(procedures *procedure.Service) error {
		v, err := procedures.Judge(r.ctx, all)
		if err != nil {
			return err
		}
		r.say("cli.search.read", "files", files, "n", len(all), "procedures", v.Procedures)
		missing := 0
		for _, m := range v.Missing {
			missing += m.Asked
			r.say("cli.search.missing", "title", m.Title, "n", m.Asked)
		}
		for _, m := range v.Worst(c.Misses) {
			r.say("cli.search.miss", "place", m.Place, "question", m.Text, "after", cmp.Or(m.After, "–"), "title", m.Title, "found", strings.Join(m.Found, " / "))
		}
		for _, g := range v.Files {
			r.say("cli.search.group.file", "name", g.Name, "n", g.Asked, "top1", percent(g.Rate(g.Top1)), "top3", percent(g.Rate(g.Top3)), "strict", percent(g.Rate(g.Strict)))
		}
		for _, g := range v.Groups {
			r.say("cli.search.group."+g.Name, "n", g.Asked, "top1", percent(g.Rate(g.Top1)), "top3", percent(g.Rate(g.Top3)), "strict", percent(g.Rate(g.Strict)))
		}
		judged := v.Group(procedure.AskedAll)
		return r.verdict(v.Passes(), r.t("cli.search.verdict", "top1", percent(judged.Rate(judged.Top1)), "top3", percent(judged.Rate(judged.Top3)),
			"bar1", percent(procedure.BarTop1), "bar3", percent(procedure.BarTop3), "n", judged.Asked, "missing", missing,
			"p50", v.P50.Round(10*time.Microsecond), "p95", v.P95.Round(10*time.Microsecond), "limit", procedure.BarTime))
	})
}

func percent(share float64) string { return fmt.Sprintf("%.1f %%", 100*share) }

// folder opens a folder, or the one file of a folder.
func folder(name string) (fs.FS, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return os.DirFS(name), nil
	}
	return oneFile{os.DirFS(filepath.Dir(name)), filepath.Base(name)}, nil
}

// oneFile is a folder with one file in it.
type oneFile struct {
	fs.FS
	name string
}

// ReadDir lists the one file.
func (f oneFile) ReadDir(string) ([]fs.DirEntry, error) {
	info, err := fs.Stat(f.FS, f.name)
	if err != nil {
		return nil, err
	}
	return []fs.DirEntry{fs.FileInfoToDirEntry(info)}, nil
}

// catalogue opens the house as it is and hands its procedures over.
func (r *run) catalogue(h house, use func(*procedure.Service) error) (err error) {
	cfg, _, err := r.settings(h, nil)
	if err != nil {
		return err
	}
	a, err := r.look(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	return use(a.Rooms.Procedures)
}
