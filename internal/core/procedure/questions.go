package procedure

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
)

// ReadQuestions reads every question of a folder or file: ".json" of the form
// {metadata.title, main_question, question_variants}, and ".jsonl" with one
// {question, expected_procedure_title} a line, each asked by itself. Lines without a title
// are passed over: nobody said what would be right. files counts those that held a question.
func ReadQuestions(fsys fs.FS) (all []Asked, files int, err error) {
	err = fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		before := len(all)
		switch path.Ext(name) {
		case ".json":
			all, err = readSet(fsys, name, all)
		case ".jsonl":
			all, err = readLines(fsys, name, all)
		}
		if len(all) > before {
			files++
		}
		return err
	})
	return all, files, err
}

func readSet(fsys fs.FS, name string, all []Asked) ([]Asked, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	var set struct {
		Metadata struct {
			Title string `json:"title"`
		} `json:"metadata"`
		Main     string   `json:"main_question"`
		Variants []string `json:"question_variants"`
		Filters  struct {
			Keywords []string `json:"title_keywords"`
		} `json:"smart_filters"`
	}
	if err := json.Unmarshal(data, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if set.Metadata.Title == "" {
		return all, nil
	}
	if set.Main != "" {
		all = append(all, Asked{Text: set.Main, Title: set.Metadata.Title, Keywords: set.Filters.Keywords, Main: true, Set: name})
	}
	for _, q := range set.Variants {
		all = append(all, Asked{Text: q, Title: set.Metadata.Title, Keywords: set.Filters.Keywords, Set: name})
	}
	return all, nil
}

func readLines(fsys fs.FS, name string, all []Asked) ([]Asked, error) {
	data, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(data))
	lines.Buffer(nil, 1<<22)
	for n := 1; lines.Scan(); n++ {
		var row struct {
			Question string `json:"question"`
			Title    string `json:"expected_procedure_title"`
		}
		if err := json.Unmarshal(lines.Bytes(), &row); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		if row.Question != "" && row.Title != "" {
			all = append(all, Asked{Text: row.Question, Title: row.Title, Main: true, Set: name})
		}
	}
	return all, lines.Err()
}
