package cli

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"time"

	"motcua/internal/app"
	"motcua/internal/ops"
	"motcua/internal/platform/civil"
)

type backupCmd struct {
	house
	File    string `arg:"" help:"${backup_file}" type:"path"`
	Check   bool   `help:"${backup_check}"`
	Replace bool   `help:"${backup_replace}"`
}

// Run copies the house into one file, or checks such a file.
func (c *backupCmd) Run(r *run) (err error) {
	if st, err := os.Stat(c.File); c.Check && err == nil && st.IsDir() {
		f, err := ops.VerifyFollow(r.ctx, c.File)
		if err != nil {
			return err
		}
		return r.verdict(true, r.t("cli.backup.follow-good", "oldest", when(f.Oldest), "newest", when(f.Newest), "records", f.Records, "files", f.Files))
	}
	if c.Check {
		m, err := ops.VerifyBackup(r.ctx, c.File)
		if err != nil {
			return err
		}
		return r.verdict(true, r.t("cli.backup.good", "at", when(m.SnapshotAt), "tables", len(m.Tables), "files", m.Blobs))
	}
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	db, err := r.database(&cfg)
	if err != nil {
		return err
	}
	if err := db.Close(); err != nil {
		return err
	}
	a, err := r.look(cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close()) }()
	result, err := a.Backup(r.ctx, c.File, ops.BackupOptions{Replace: c.Replace, Progress: r.progress()})
	if err != nil {
		return err
	}
	return r.verdict(result.OK(), result.Summary(r.lang))
}

type restoreCmd struct {
	house
	File   string `arg:"" optional:"" help:"${restore_file}" type:"existingfile"`
	Follow string `help:"${restore_follow}" type:"existingdir" placeholder:"DIR"`
	At     string `help:"${restore_at}" placeholder:"TIME"`
	Reason string `help:"${restore_reason}" placeholder:"TEXT"`
}

// Run puts the house back to what the file holds, or to a moment.
func (c *restoreCmd) Run(r *run) error {
	if (c.File == "") == (c.Follow == "") || c.At != "" && c.Follow == "" {
		return errors.New(r.t("cli.restore.which"))
	}
	if c.Follow != "" {
		return c.moment(r)
	}
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	result, err := app.Restore(r.ctx, cfg, c.File, ops.RestoreOptions{Reason: c.Reason, Progress: r.progress()})
	if err != nil {
		return err
	}
	return r.verdict(true, result.Summary(r.lang))
}

// moment puts the house back to a moment of the continuous backup.
func (c *restoreCmd) moment(r *run) error {
	at := time.Now()
	if c.At != "" {
		var err error
		if at, err = parseMoment(c.At); err != nil {
			return errors.New(r.t("cli.restore.time", "text", c.At))
		}
	}
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	result, err := app.RestoreAt(r.ctx, cfg, c.Follow, at, ops.RestoreOptions{Reason: c.Reason, Progress: r.progress()})
	if errors.Is(err, ops.ErrNoMoment) {
		return errors.New(r.t("cli.restore.no-moment", "at", when(at)))
	}
	if err != nil {
		return err
	}
	return r.verdict(true, result.Summary(r.lang))
}

// parseMoment reads a time as people write it; without a zone it is Vietnam's.
func parseMoment(s string) (at time.Time, err error) {
	if at, err = time.Parse(time.RFC3339, s); err == nil {
		return at, nil
	}
	for _, form := range []string{"2006-01-02 15:04:05.999", "2006-01-02 15:04", "02/01/2006 15:04:05", "02/01/2006 15:04"} {
		if at, err = time.ParseInLocation(form, s, civil.Zone); err == nil {
			return at, nil
		}
	}
	return at, err
}

// progress tells on stderr how far a long work is, ten times a stage at most.
func (r *run) progress() func(what string, done, total int64) {
	stage, tenth := "", int64(-1)
	return func(what string, done, total int64) {
		if what != stage {
			stage, tenth = what, -1
		}
		now := int64(10)
		if total > 0 {
			now = done * 10 / total
		}
		if now > tenth {
			tenth = now
			r.errorf("%s\n", r.t("cli.progress."+what, "percent", now*10))
		}
	}
}

type doctorCmd struct{ house }

// Run examines the house and says what to do, in words.
func (c *doctorCmd) Run(r *run) error {
	cfg, _, problem := r.settings(c.house, nil)
	log, err := r.log(&cfg, false)
	if err != nil {
		return err
	}
	found, err := app.Doctor(r.ctx, app.Options{Config: cfg, Version: r.env.Version, Log: log, Metrics: r.metrics}, problem)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := found.Print(&b, r.lang); err != nil {
		return err
	}
	// The last line gets the word that scripts look for.
	body, last, _ := cutLast(b.String())
	r.print(body)
	r.print([]string{"OK", "WARN", "FAIL"}[found.Exit()] + ": " + last + "\n")
	if found.Exit() != exitOK {
		return statusError(found.Exit())
	}
	return nil
}

// cutLast splits off the last line.
func cutLast(s string) (body, last string, found bool) {
	s = strings.TrimRight(s, "\n")
	i := strings.LastIndexByte(s, '\n')
	return s[:i+1], s[i+1:], i >= 0
}
