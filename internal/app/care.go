package app

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"motcua/internal/modules/demo"
	"motcua/internal/modules/pack"
	"motcua/internal/ops"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/logx"
	"motcua/internal/platform/sqldb"
)

// Looking after a house: backup, restore, doctor, and filling one to try.

// source is the house as a backup sees it.
func (a *App) source() ops.Source {
	return ops.Source{DB: a.db, Files: a.store, Config: a.cfg, Program: a.opts.Version}
}

// Backup writes a consistent copy of everything to the file dest, while the house works.
func (a *App) Backup(ctx context.Context, dest string, opt ops.BackupOptions) (ops.BackupResult, error) {
	return ops.Backup(ctx, a.source(), dest, opt)
}

// autoBackup is the nightly one.
func (a *App) autoBackup(ctx context.Context) error {
	result, err := ops.AutoBackup(ctx, a.source(), a.cfg.Backup.Dir, a.cfg.Backup.Keep, ops.BackupOptions{Now: a.opts.Now})
	if err == nil && !result.OK() {
		// The copy is made; what is missing is for the doctor to tell.
		a.log.ErrorContext(ctx, "backup made, but files were missing or damaged before", "missing", len(result.Manifest.Missing), "damaged", len(result.Manifest.Corrupt))
	}
	return err
}

// followed keeps the continuous backup until stop is called.
func (a *App) followed(ctx context.Context) (stop func(), err error) {
	a.follow, err = ops.Follow(a.source(), ops.FollowOptions{
		Dir: a.cfg.Backup.Follow, Keep: time.Duration(a.cfg.Backup.FollowDays) * 24 * time.Hour, Now: a.opts.Now, Log: logx.For(a.log, "follow"),
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.follow.Run(ctx)
	}()
	return func() { cancel(); <-done }, nil
}

// RestoreAt puts a house back to the last moment of a continuous backup that is not
// after at.
func RestoreAt(ctx context.Context, cfg config.Config, dir string, at time.Time, opt ops.RestoreOptions) (ops.RestoreResult, error) {
	store, err := storeOf(&cfg)
	if err != nil {
		return ops.RestoreResult{}, err
	}
	known, err := tables(ctx)
	if err != nil {
		return ops.RestoreResult{}, err
	}
	return ops.RestoreAt(ctx, dir, at, ops.Target{Config: &cfg, Files: store, Lines: known}, opt)
}

// Restore puts a house back to what a backup holds. The house must not be running.
func Restore(ctx context.Context, cfg config.Config, file string, opt ops.RestoreOptions) (ops.RestoreResult, error) {
	store, err := storeOf(&cfg)
	if err != nil {
		return ops.RestoreResult{}, err
	}
	known, err := tables(ctx)
	if err != nil {
		return ops.RestoreResult{}, err
	}
	return ops.Restore(ctx, file, ops.Target{Config: &cfg, Files: store, Lines: known}, opt)
}

// tables are the migrations of all rooms, without a house at hand.
func tables(ctx context.Context) (known []sqldb.Line, err error) {
	dir, err := os.MkdirTemp("", "motcua-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := config.Default()
	cfg.Dir = dir
	a, err := open(ctx, Options{Config: cfg})
	if err != nil {
		return nil, err
	}
	return lines(a.modules), a.Close()
}

// Doctor examines a house, running or not, and changes nothing in it. problem is
// what reading the settings said.
func Doctor(ctx context.Context, o Options, problem error) (found ops.Findings, err error) {
	patient := ops.Patient{Config: &o.Config, ConfigErr: problem, Now: o.Now}
	if problem != nil || !exists(&o.Config) {
		return ops.Doctor(ctx, patient), nil
	}
	a, err := open(ctx, o)
	if err != nil {
		// The doctor tries again himself and says it in his own words.
		return ops.Doctor(ctx, patient), nil
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	patient.DB, patient.Lines, patient.Store, patient.Files = a.db, lines(a.modules), a.store, a.Rooms.Files
	patient.Jobs, patient.Journal, patient.Bundle = a.Rooms.Jobs, a.Rooms.Journal, a.Bundle
	for _, m := range a.modules {
		patient.Checks = append(patient.Checks, m.Checks...)
	}
	patient.Skip = []string{"blob.check.store", "blob.check.content", "blob.check.scanner"}
	return ops.Doctor(ctx, patient), nil
}

// exists reports whether there is a house to look at; opening one would make it.
func exists(cfg *config.Config) bool {
	path, embedded := strings.CutPrefix(cfg.DatabaseURL(), "sqlite:")
	if !embedded {
		return true
	}
	_, err := os.Stat(strings.TrimPrefix(path, "//"))
	return err == nil
}

// shipped loads the packs that come with the program, for the demo.
type shipped struct{ packs *pack.Service }

func (s shipped) LoadPacks(ctx context.Context) error {
	out, err := s.packs.LoadEmbedded(ctx)
	if err == nil && !out.Report.OK() {
		return errs.New(errs.Internal, "pack.not-loadable", "summary", out.Summary())
	}
	return err
}

// LoadDemo fills an empty house with the demo province. clock must be the one the
// house was opened with. In a house with a demo it does nothing.
func (a *App) LoadDemo(ctx context.Context, clock *demo.Clock, o demo.Options) (demo.Report, error) {
	if err := a.Start(ctx); err != nil {
		return demo.Report{}, err
	}
	r := a.Rooms
	return demo.New(demo.Deps{
		DB: a.db, Journal: r.Journal, Jobs: r.Jobs, Files: r.Files, Org: r.Org, Identity: r.Identity, Procedures: r.Procedures, Dossiers: r.Dossiers,
		Packs: shipped{r.Packs}, Clock: clock, Bundle: a.Bundle, Dir: a.cfg.Dir, Log: a.log,
	}).Load(ctx, o)
}
