package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
)

// Source is one pack as files: paths relative to its folder, with / between.
type Source struct {
	Where string // how to name the files in messages: "packs/justice"
	Files map[string][]byte
}

// Limits of a pack: far above what a real one needs, far below what could hurt.
const (
	maxFiles = 2000
	maxFile  = decl.MaxBytes
)

// manifestName is the file that makes a folder a pack.
const manifestName = "pack.yaml"

// Embedded reads the packs that ship with the program: every folder at the root of fsys.
func Embedded(fsys fs.FS) ([]Source, error) { return sources(fsys, ".", "packs") }

// Open reads packs from disk. A path is a pack (it has a pack.yaml) or a folder of packs.
func Open(paths ...string) ([]Source, error) {
	var all []Source
	for _, p := range paths {
		info, err := os.Stat(p)
		switch {
		case errors.Is(err, fs.ErrNotExist), err == nil && !info.IsDir():
			return nil, none(p)
		case err != nil:
			return nil, fmt.Errorf("read pack: %w", err)
		}
		found, err := sources(os.DirFS(p), ".", filepath.ToSlash(filepath.Clean(p)))
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func none(where string) error { return errs.New(errs.Invalid, "pack.none", "path", where) }

// sources finds the pack in dir, or the packs one level below it.
func sources(fsys fs.FS, dir, where string) ([]Source, error) {
	if _, err := fs.Stat(fsys, path.Join(dir, manifestName)); err == nil {
		s, err := read(fsys, dir, where)
		return []Source{s}, err
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, fmt.Errorf("read packs: %w", err)
	}
	var all []Source
	for _, e := range entries {
		sub := path.Join(dir, e.Name())
		if _, err := fs.Stat(fsys, path.Join(sub, manifestName)); !e.IsDir() || err != nil {
			continue
		}
		s, err := read(fsys, sub, path.Join(where, e.Name()))
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, none(where)
	}
	return all, nil
}

func read(fsys fs.FS, dir, where string) (Source, error) {
	s := Source{Where: where, Files: map[string][]byte{}}
	err := fs.WalkDir(fsys, dir, func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case strings.HasPrefix(e.Name(), ".") && name != dir:
			if e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		case !e.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a folder", name)
		case len(s.Files) == maxFiles:
			return errors.New("the pack has too many files")
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxFile {
			return fmt.Errorf("%s has %d bytes; at most %d are accepted", name, info.Size(), maxFile)
		}
		data, err := fs.ReadFile(fsys, name)
		if err != nil {
			return err
		}
		rel := strings.TrimPrefix(strings.TrimPrefix(name, dir), "/")
		s.Files[rel] = data
		return nil
	})
	if err != nil {
		return Source{}, fmt.Errorf("read pack %s: %w", where, err)
	}
	return s, nil
}

// names lists the files of a folder, sorted; they end in .yaml.
func (s Source) names(folder string) []string {
	var out []string
	for name := range s.Files {
		if path.Dir(name) == folder && path.Ext(name) == ".yaml" {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out
}

// file names a file for messages.
func (s Source) file(name string) string { return path.Join(s.Where, name) }
