package admin

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"motcua/internal/core/procedure"
	"motcua/internal/platform/decl"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/job"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/sqldb"
	"motcua/internal/platform/web"
)

// parkedMost is how many parked jobs and events are shown; a queue that is worse
// off than that is mended from the command line.
const parkedMost = 100

type parkedView struct {
	Jobs    []job.Task
	Events  []journal.Parked
	Waiting int64
	Oldest  time.Duration
}

func (s *Service) parked(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	var v parkedView
	var err error
	if v.Jobs, err = s.jobs.Parked(ctx, s.db, parkedMost); err != nil {
		return err
	}
	if v.Events, err = s.ledger.Parked(ctx, s.db, parkedMost); err != nil {
		return err
	}
	if v.Waiting, v.Oldest, err = s.jobs.Waiting(ctx, s.db); err != nil {
		return err
	}
	return web.Render(w, r, http.StatusOK, parkedPage(v))
}

const parkedPath = "/quan-tri/viec-cho"

func (s *Service) retryJob(w http.ResponseWriter, r *http.Request) error {
	err := s.db.Tx(r.Context(), func(tx *sqldb.Tx) error { return s.jobs.Retry(r.Context(), tx, r.PathValue("id")) })
	return s.afterJob(w, r, err, "admin.job-retried")
}

func (s *Service) discardJob(w http.ResponseWriter, r *http.Request) error {
	err := s.db.Tx(r.Context(), func(tx *sqldb.Tx) error { return s.jobs.Discard(r.Context(), tx, r.PathValue("id")) })
	return s.afterJob(w, r, err, "admin.job-discarded")
}

func (s *Service) retryEvent(w http.ResponseWriter, r *http.Request) error {
	position, err := strconv.ParseInt(r.PathValue("position"), 10, 64)
	if err != nil {
		return errs.NewNotFound("web.not-found")
	}
	err = s.system.RetryEvent(r.Context(), r.PathValue("subscriber"), position)
	if err != nil && errs.KindOf(err) == errs.Internal {
		// The subscriber failed again; its cause is for the log, the person only needs to know.
		s.log.WarnContext(r.Context(), "parked event failed again", "subscriber", r.PathValue("subscriber"), "error", err)
		web.FlashWarning(w, r, "admin.event-failed")
		return web.SeeOther(w, r, parkedPath)
	}
	return s.afterJob(w, r, err, "admin.event-retried")
}

// afterJob goes back to the list. What is gone meanwhile, somebody else took care of.
func (s *Service) afterJob(w http.ResponseWriter, r *http.Request, err error, done string) error {
	switch {
	case errs.Is(err, errs.NotFound), errs.Is(err, errs.Conflict):
		web.FlashWarning(w, r, "admin.job-gone")
	case err != nil:
		return err
	default:
		web.Flash(w, r, done)
	}
	return web.SeeOther(w, r, parkedPath)
}

type checkResult struct {
	Name string // locale key
	OK   bool
	Took time.Duration
}

type healthView struct {
	Version string
	Uptime  time.Duration
	Engine  string
	Waiting int64
	Parked  int
	Checks  []checkResult
	Failed  int
}

// checkMost is how long one check may take.
const checkMost = 5 * time.Second

func (s *Service) health(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	v := healthView{Version: s.system.Version, Uptime: s.now().Sub(s.system.Started), Engine: "SQLite"}
	if s.db.Dialect() == sqldb.Postgres {
		v.Engine = "PostgreSQL"
	}
	for _, c := range s.system.Checks() {
		start := time.Now()
		err := runCheck(ctx, c.Run)
		v.Checks = append(v.Checks, checkResult{Name: c.Name, OK: err == nil, Took: time.Since(start)})
		if err != nil {
			v.Failed++
			// What exactly is wrong may name paths and hosts: it is for the log and for `motcua doctor`.
			s.log.WarnContext(ctx, "check failed", "check", c.Name, "error", err)
		}
	}
	var err error
	if v.Waiting, _, err = s.jobs.Waiting(ctx, s.db); err != nil {
		return err
	}
	parked, err := s.jobs.Parked(ctx, s.db, parkedMost)
	if err != nil {
		return err
	}
	v.Parked = len(parked)
	return web.Render(w, r, http.StatusOK, healthPage(v))
}

func runCheck(ctx context.Context, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, checkMost)
	defer cancel()
	return run(ctx)
}

// publicationProblems are what the rules of publication have against a definition today.
func publicationProblems(def *procedure.Definition) []decl.Problem {
	var all []decl.Problem
	for _, err := range []error{procedure.Check(def), procedure.Publishable(def)} {
		if err == nil {
			continue
		}
		var problems decl.Problems
		if errors.As(err, &problems) {
			all = append(all, problems...)
		} else {
			all = append(all, decl.Problem{Message: err.Error()})
		}
	}
	return all
}

// cut splits a number from what follows a separator.
func cut(s string, sep byte) (int64, string, bool) {
	head, tail, ok := strings.Cut(s, string(sep))
	n, err := strconv.ParseInt(head, 10, 64)
	return n, tail, ok && err == nil
}

func procedurePath(code string) string { return "/quan-tri/thu-tuc/" + url.PathEscape(code) }
