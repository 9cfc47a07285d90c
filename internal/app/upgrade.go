package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"motcua/internal/platform/sqldb"
)

// keepCopies is how many copies made before upgrades are kept.
const keepCopies = 3

const copyPrefix = "before-upgrade-"

// upgrade brings the database to what this program needs. The embedded one is
// copied first when there is anything in it to lose: the way back from an
// upgrade is that copy and the older program.
func (a *App) upgrade(ctx context.Context) error {
	todo, err := sqldb.Pending(ctx, a.db, lines(a.modules)...)
	if err != nil || len(todo) == 0 {
		return err
	}
	used, err := hasSteps(ctx, a.db)
	if err != nil {
		return err
	}
	if used && a.db.Path() != "" {
		name, err := a.copyDatabase(ctx)
		if err != nil {
			return fmt.Errorf("copying the database before the upgrade: %w", err)
		}
		a.log.InfoContext(ctx, "database copied before the upgrade", "file", filepath.Base(name))
	}
	if err := sqldb.Migrate(ctx, a.db, lines(a.modules)...); err != nil {
		return err
	}
	a.log.InfoContext(ctx, "database upgraded", "steps", len(todo))
	return nil
}

// hasSteps reports whether any migration ever ran.
func hasSteps(ctx context.Context, db *sqldb.DB) (bool, error) {
	var n int
	err := db.QueryRow(ctx, `SELECT COUNT(*) FROM schema_step`).Scan(&n)
	return n > 0, err
}

// copyDatabase writes a consistent copy beside the database and lets go of the
// oldest ones.
func (a *App) copyDatabase(ctx context.Context) (string, error) {
	dir := filepath.Dir(a.db.Path())
	name := filepath.Join(dir, copyPrefix+a.opts.Now().UTC().Format("20060102-150405.000")+".db")
	if _, err := a.db.SQL().ExecContext(ctx, `VACUUM INTO ?`, name); err != nil {
		return "", err
	}
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil {
		return "", err
	}
	// SQLite does not wait for the disk here; we do.
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	var copies []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), copyPrefix) && strings.HasSuffix(e.Name(), ".db") {
			copies = append(copies, e.Name())
		}
	}
	slices.Sort(copies)
	for len(copies) > keepCopies {
		if err := os.Remove(filepath.Join(dir, copies[0])); err != nil {
			return "", err
		}
		copies = copies[1:]
	}
	return name, nil
}

// Migrate brings the database to what this program needs without opening the
// house, and returns the steps. With dry it only says what it would do.
func Migrate(ctx context.Context, o Options, dry bool) (steps []string, err error) {
	a, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	todo, err := sqldb.Pending(ctx, a.db, lines(a.modules)...)
	if err != nil {
		return nil, err
	}
	for _, s := range todo {
		steps = append(steps, fmt.Sprintf("%s/%04d_%s", s.Line, s.Number, s.Name))
	}
	if dry {
		return steps, nil
	}
	return steps, a.upgrade(ctx)
}

// Look opens a house as it is, for those that copy it: nothing is upgraded, no
// page is mounted.
func Look(ctx context.Context, o Options) (*App, error) { return open(ctx, o) }
