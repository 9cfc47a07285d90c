package source

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
)

func TestTry(t *testing.T) {
	root := "/work/shared/data/02-procedures/"
	files, _ := filepath.Glob(root + "full_2026-07/*.jsonl")
	b, _ := filepath.Glob(root + "structured_bqp_2025/*.json")
	files = append(files, b...)
	files = append(files, root+"structured_citizen_2021/procedures.json", root+"catalogue_2025-04/procedures_catalogue.jsonl", root+"structured_example_3.000412.json")
	type stat struct{ n, refused int }
	shapes := map[Shape]int{}
	refused := map[Reason]int{}
	doubts := map[Shape]map[Why]int{}
	term, fee := map[Shape]map[TermState]int{}, map[Shape]map[FeeState]int{}
	papers, unc, forms, laws, lawsNum, lawsDate, results := 0, 0, 0, 0, 0, 0, 0
	for _, f := range files {
		h, _ := os.Open(f)
		sp := NewSplitter(h)
		for {
			it, err := sp.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if it.Err != nil {
				t.Error(f, it.Line, it.Err)
				continue
			}
			r, sh, err := Read(it.Data)
			var ref *Refusal
			if errors.As(err, &ref) {
				refused[ref.Why]++
				continue
			}
			shapes[sh]++
			if term[sh] == nil {
				term[sh], fee[sh], doubts[sh] = map[TermState]int{}, map[FeeState]int{}, map[Why]int{}
			}
			for _, c := range r.Channels {
				term[sh][c.Term.State]++
				fee[sh][c.Fees.State]++
			}
			for _, d := range r.Doubts {
				doubts[sh][d.Why]++
			}
			for _, c := range r.Cases {
				for _, p := range c.Papers {
					papers++
					if p.Uncounted {
						unc++
					}
					if p.Form != "" {
						forms++
					}
				}
			}
			for _, l := range r.LegalBases {
				laws++
				if l.Number != "" {
					lawsNum++
				}
				if l.Date != "" {
					lawsDate++
				}
			}
			results += len(r.Results)
			r.Definition("2026-01-01")
		}
		h.Close()
	}
	fmt.Println(shapes, refused)
	for s := range term {
		fmt.Println(s, term[s], fee[s], doubts[s])
	}
	fmt.Println("papers", papers, "uncounted", unc, "forms", forms, "laws", laws, lawsNum, lawsDate, "results", results)
}
