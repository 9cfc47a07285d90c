package cli

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"motcua/internal/platform/civil"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
)

type auditCmd struct {
	Verify        auditVerifyCmd     `cmd:"" help:"${audit_verify}"`
	Checkpoint    auditCheckpointCmd `cmd:"" help:"${audit_checkpoint}"`
	AcceptRestore auditAcceptCmd     `cmd:"" help:"${audit_accept}"`
	Parked        auditParkedCmd     `cmd:"" help:"${audit_parked}"`
}

type auditVerifyCmd struct {
	house
	Witness []string `help:"${audit_witness}" type:"existingfile" placeholder:"FILE"`
}

// Run holds the journal against its hashes and every signed checkpoint.
func (c *auditVerifyCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	db, err := r.database(&cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rep, err := journal.Verify(r.ctx, db, journal.VerifyOptions{Dir: cfg.AuditDir(), Witnesses: c.Witness})
	if err != nil {
		return err
	}
	r.say("cli.audit.events", "n", rep.Events, "sealed", rep.Sealed, "unsealed", rep.Unsealed, "unsigned", rep.Unsigned)
	r.say("cli.audit.streams", "n", rep.Streams)
	r.say("cli.audit.checkpoints", "database", rep.Checkpoints, "files", rep.Files)
	r.say("cli.audit.root", "root", rep.Root)
	for _, w := range rep.Rewinds {
		r.say("cli.audit.rewind", "at", when(w.At), "from", w.From, "to", w.To, "reason", w.Reason)
	}
	if rep.OK() {
		return r.verdict(true, r.t("cli.audit.ok", "n", rep.Sealed, "took", rep.Took.Round(time.Millisecond)))
	}
	r.say("cli.audit.found", "n", len(rep.Problems))
	for _, p := range rep.Problems {
		r.print("  - " + r.finding(p) + "\n")
	}
	return r.verdict(false, r.finding(*rep.First()))
}

// finding puts a problem into words.
func (r *run) finding(p journal.Problem) string {
	kv := make([]any, 0, 2*len(p.Args))
	for k, v := range p.Args {
		if t, ok := v.(time.Time); ok {
			v = when(t)
		}
		kv = append(kv, k, v)
	}
	text := r.t("audit.problem."+p.Code, kv...)
	if p.Count > 1 {
		text += " " + r.t("cli.audit.times", "count", p.Count)
	}
	return text
}

func when(t time.Time) string { return t.In(civil.Zone).Format("15:04:05 02/01/2006") }

type auditCheckpointCmd struct{ house }

// Run prints the newest signed checkpoint, to be kept where nobody of this house
// can change it.
func (c *auditCheckpointCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	note, err := journal.LastCheckpoint(cfg.AuditDir())
	if err != nil {
		return err
	}
	if note == "" {
		return errors.New(r.t("cli.audit.none"))
	}
	r.print(note)
	return nil
}

type auditAcceptCmd struct {
	house
	Reason string `help:"${audit_reason}" required:"" placeholder:"TEXT"`
}

// Run puts on record that the database was restored on purpose.
func (c *auditAcceptCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	db, err := r.database(&cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	w, err := journal.AcceptRewind(r.ctx, db, cfg.AuditDir(), "", c.Reason)
	if err != nil {
		return err
	}
	return r.verdict(true, r.t("cli.audit.accepted", "from", w.From, "to", w.To))
}

type auditParkedCmd struct{ house }

// Run lists the events that a subscriber could not handle.
func (c *auditParkedCmd) Run(r *run) (err error) {
	cfg, _, err := r.settings(c.house, nil)
	if err != nil {
		return err
	}
	db, err := r.database(&cfg)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	j, err := journal.New(db, journal.Options{})
	if err != nil {
		return err
	}
	const most = 1000
	parked, err := listParked(r, j, db, most)
	if err != nil {
		return err
	}
	if parked == 0 {
		return r.verdict(true, r.t("cli.audit.parked-none"))
	}
	return r.verdict(false, r.t("cli.audit.parked", "n", parked))
}

func listParked(r *run, j *journal.Journal, db *sqldb.DB, most int) (int, error) {
	parked, err := j.Parked(r.ctx, db, most)
	for _, p := range parked {
		reason, _, _ := strings.Cut(p.Error, "\n")
		r.print(fmt.Sprintf("  %s  %s  #%d  %s  %s\n", when(p.At), p.Subscriber, p.Event.Position, p.Event.Type, reason))
	}
	return len(parked), err
}
