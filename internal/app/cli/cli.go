package cli

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"

	"motcua/internal/app"
	"motcua/internal/modules/pack"
	"motcua/internal/ops"
	"motcua/internal/platform/config"
	"motcua/internal/platform/errs"
	"motcua/internal/platform/i18n"
	"motcua/internal/platform/ident"
	"motcua/internal/platform/journal"
	"motcua/internal/platform/logx"
	"motcua/internal/platform/metrics"
	"motcua/internal/platform/sqldb"
)

//go:embed locale/*.json
var locales embed.FS

// The exit statuses.
const (
	exitOK    = 0
	exitFail  = 1
	exitUsage = 2
)

// Env is the world a command runs in.
type Env struct {
	Environ        []string // os.Environ()
	Stdout, Stderr io.Writer
	Version        string // of the program; "" asks the build
}

// grammar is every command with its flags. Help texts are keys of the locale
// files: "${serve}" is "cli.help.serve".
type grammar struct {
	Config string `help:"${config_file}" short:"c" placeholder:"FILE" env:"MOTCUA_CONFIG"`
	Lang   string `help:"${lang}" enum:",vi,en" default:"" placeholder:"vi|en"`

	Serve     serveCmd   `cmd:"" help:"${serve}"`
	Demo      demoCmd    `cmd:"" help:"${demo}"`
	Init      initCmd    `cmd:"" help:"${init}"`
	Migrate   migrateCmd `cmd:"" help:"${migrate}"`
	Backup    backupCmd  `cmd:"" help:"${backup}"`
	Restore   restoreCmd `cmd:"" help:"${restore}"`
	Doctor    doctorCmd  `cmd:"" help:"${doctor}"`
	Catalogue catalogCmd `cmd:"" help:"${catalogue}"`
	Pack      packCmd    `cmd:"" help:"${pack}"`
	Reform    reformCmd  `cmd:"" help:"${reform}"`
	Audit     auditCmd   `cmd:"" help:"${audit}"`
	Token     tokenCmd   `cmd:"" help:"${token}"`
	Search    searchCmd  `cmd:"" help:"${search}"`
	Explain   explainCmd `cmd:"" help:"${explain}"`
	ConfigCmd configCmd  `cmd:"" name:"config" help:"${config}"`
	Version   versionCmd `cmd:"" help:"${version}"`
}

// house are the flags that say which house is meant.
type house struct {
	Dir      string `help:"${dir}" placeholder:"DIR"`
	Database string `help:"${database}" placeholder:"URL"`
}

// run is what a command works with.
type run struct {
	ctx     context.Context
	env     Env
	lang    string
	words   *i18n.Bundle
	file    string // of settings
	metrics *metrics.Registry
}

// statusError ends a command that has told everything with a status of its own.
type statusError int

func (e statusError) Error() string { return "status " + strconv.Itoa(int(e)) }

// errSaid is the failure of a command that has told everything already.
var errSaid = errors.New("said")

// Run runs the command that args name and returns the exit status. It ends
// gracefully when ctx does.
func Run(ctx context.Context, args []string, env Env) int {
	words, err := i18n.New(locales, journal.Locales(), ident.Locales(), pack.Locales(), app.Locales())
	if err != nil {
		_, _ = fmt.Fprintln(env.Stderr, err) // nothing can be done when stderr is gone
		return exitFail
	}
	r := &run{ctx: ctx, env: env, words: words, lang: language(args, env.Environ)}
	return r.main(args)
}

// language is that of --lang, MOTCUA_LANGUAGE, or the terminal.
func language(args, environ []string) string {
	for i, a := range args {
		if a == "--lang" && i+1 < len(args) {
			return args[i+1]
		}
		if v, ok := strings.CutPrefix(a, "--lang="); ok {
			return v
		}
	}
	for _, name := range []string{"MOTCUA_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"} {
		for _, e := range environ {
			if v, ok := strings.CutPrefix(e, name+"="); ok && v != "" {
				if strings.HasPrefix(v, i18n.EN) {
					return i18n.EN
				}
				if strings.HasPrefix(v, i18n.VI) {
					return i18n.VI
				}
			}
		}
	}
	return i18n.VI
}

// helpKeys are the texts of the grammar.
var helpKeys = []string{
	"about", "config_file", "lang", "dir", "database", "listen", "serve", "development", "demo", "dossiers", "no_serve", "backup", "backup_file", "backup_check", "backup_replace",
	"restore", "restore_file", "restore_reason", "restore_follow", "restore_at", "doctor", "migrate", "migrate_dry",
	"init", "init_code", "init_agency", "init_login", "init_name",
	"audit", "audit_verify", "audit_witness", "audit_checkpoint", "audit_accept", "audit_reason", "audit_parked",
	"reform", "reform_check", "reform_preview", "reform_apply", "reform_undo", "reform_file", "reform_csv", "reform_past",
	"catalogue", "catalogue_import", "catalogue_diff", "catalogue_score", "catalogue_path", "catalogue_apply", "catalogue_resume", "catalogue_errors", "catalogue_agency",
	"pack", "pack_check", "pack_test", "pack_diff", "pack_load", "pack_list", "pack_path",
	"explain", "explain_as", "explain_code", "search", "search_find", "search_text", "search_after", "search_judge", "search_questions", "search_misses",
	"token", "token_create", "token_login", "token_name", "token_days", "config", "config_show", "config_check", "config_example", "version",
}

func (r *run) parser(g *grammar, help io.Writer) (*kong.Kong, error) {
	vars := kong.Vars{}
	for _, k := range helpKeys {
		vars[k] = r.t("cli.help." + k)
	}
	return kong.New(g, kong.Name("motcua"), kong.Description(vars["about"]), vars, kong.Writers(help, r.env.Stderr),
		kong.Exit(func(int) { panic(errHelp) }), kong.ConfigureHelp(kong.HelpOptions{Compact: true, NoExpandSubcommands: true}))
}

// errHelp unwinds kong after it has printed help.
var errHelp = errors.New("help")

func (r *run) main(args []string) (status int) {
	var g grammar
	var help bytes.Buffer
	defer func() {
		if p := recover(); p == errHelp { //nolint:errorlint // it is the very value
			r.print(r.inOurWords(help.String()))
			status = exitOK
		} else if p != nil {
			panic(p)
		}
	}()
	parser, err := r.parser(&g, &help)
	if err != nil {
		return r.fail(err)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	parsed, err := parser.Parse(args)
	if err != nil {
		if !r.absent(err) {
			r.errorf("motcua: %v\n", err)
		}
		r.errorf("%s\n", r.t("cli.try-help"))
		return exitUsage
	}
	r.file = g.Config
	if err := parsed.Run(r); err != nil {
		return r.fail(err)
	}
	return exitOK
}

// inOurWords translates the few words that kong says itself.
func (r *run) inOurWords(help string) string {
	if r.lang != i18n.VI {
		return help
	}
	return strings.NewReplacer("Usage: ", "Cách dùng: ", " <command>", " <lệnh>", " [flags]", " [tùy chọn]", "\nFlags:\n", "\nTùy chọn:\n", "\nCommands:\n", "\nLệnh:\n", "\nArguments:\n", "\nTham số:\n",
		"Show context-sensitive help.", "Xem hướng dẫn của lệnh.",
		`Run "motcua <command> --help" for more information on a command.`, `Gõ "motcua <lệnh> --help" để xem hướng dẫn của từng lệnh.`).Replace(help)
}

// fail tells what went wrong.
func (r *run) fail(err error) int {
	if errors.Is(err, errSaid) {
		return exitFail
	}
	var status statusError
	if errors.As(err, &status) {
		return int(status)
	}
	var problems config.Problems
	if errors.As(err, &problems) {
		r.errorf("%s\n", problems.In(r.lang))
		return exitUsage
	}
	for known, key := range map[error]string{ops.ErrRunning: "cli.running", ops.ErrDamaged: "cli.damaged", journal.ErrRewound: "cli.rewound"} {
		if errors.Is(err, known) {
			r.errorf("motcua: %s (%v)\n", r.t(key), err)
			return exitFail
		}
	}
	if e, ok := errs.As(err); ok && r.words.Has(r.lang, "error."+e.Code) {
		var kv []any
		for name, value := range e.Args {
			kv = append(kv, name, value)
		}
		r.errorf("motcua: %s\n", r.t("error."+e.Code, kv...))
		return exitFail
	}
	if !r.absent(err) {
		r.errorf("motcua: %v\n", err)
	}
	return exitFail
}

// absent tells of a file or folder that is not there, if that is what is wrong.
func (r *run) absent(err error) bool {
	var missing *fs.PathError
	if !errors.As(err, &missing) || !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	r.errorf("motcua: %s (%v)\n", r.t("cli.no-path", "path", missing.Path), err)
	return true
}

func (r *run) t(key string, kv ...any) string { return r.words.T(r.lang, key, kv...) }

// print writes to the person; a closed pipe is no reason to fail.
func (r *run) print(text string)            { _, _ = io.WriteString(r.env.Stdout, text) }
func (r *run) say(key string, kv ...any)    { r.print(r.t(key, kv...) + "\n") }
func (r *run) errorf(f string, args ...any) { _, _ = fmt.Fprintf(r.env.Stderr, f, args...) }

// settings reads the settings of the house that the flags mean.
func (r *run) settings(h house, more map[string]string) (config.Config, config.Origins, error) {
	flags := map[string]string{}
	for key, v := range more {
		if v != "" {
			flags[key] = v
		}
	}
	if h.Dir != "" {
		flags["dir"] = h.Dir
	}
	if h.Database != "" {
		flags["database.url"] = h.Database
	}
	return config.Load(config.Input{File: r.file, Environ: r.env.Environ, Flags: flags})
}

// log is the operational log: as the settings say for a server, warnings only
// for a command that ends by itself.
func (r *run) log(cfg *config.Config, server bool) (*slog.Logger, error) {
	levels, err := logx.ParseLevels(cfg.Log.Levels)
	if err != nil {
		return nil, err
	}
	// One registry for each house that is opened after it.
	if r.metrics, err = metrics.New(metrics.ReadBuild(r.env.Version)); err != nil {
		return nil, err
	}
	opt := logx.Options{Format: cfg.Log.Format, Levels: levels, OnRedact: r.metrics.Redacted}
	if err := opt.Level.UnmarshalText([]byte(cfg.Log.Level)); err != nil {
		return nil, err
	}
	if !server {
		opt.Level = max(opt.Level, slog.LevelWarn)
	}
	return logx.New(r.env.Stderr, opt), nil
}

// open assembles the house.
func (r *run) open(cfg config.Config) (*app.App, error) {
	log, err := r.log(&cfg, false)
	if err != nil {
		return nil, err
	}
	return r.openWith(cfg, log, nil)
}

func (r *run) openWith(cfg config.Config, log *slog.Logger, change func(*app.Options)) (*app.App, error) {
	o := app.Options{Config: cfg, Version: r.env.Version, Log: log, Metrics: r.metrics}
	if change != nil {
		change(&o)
	}
	return app.Open(r.ctx, o)
}

// database opens an existing database and nothing else; looking at a house must
// not make one.
func (r *run) database(cfg *config.Config) (*sqldb.DB, error) {
	url := cfg.DatabaseURL()
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		if _, err := os.Stat(strings.TrimPrefix(path, "//")); err != nil {
			return nil, errors.New(r.t("cli.no-database", "path", filepath.Clean(path)))
		}
	}
	return sqldb.Open(r.ctx, url, sqldb.Options{MaxConns: cfg.Database.MaxConns})
}

// verdict prints the last line, for scripts.
func (r *run) verdict(ok bool, text string) error {
	word := "FAIL"
	if ok {
		word = "OK"
	}
	r.print(word + ": " + text + "\n")
	if !ok {
		return errSaid
	}
	return nil
}

// given reports whether a setting was set anywhere.
func given(origins config.Origins, key string) bool {
	keys := make([]string, 0, len(origins))
	for k := range origins {
		keys = append(keys, k)
	}
	return slices.Contains(keys, key)
}

// look opens the house as it is.
func (r *run) look(cfg config.Config) (*app.App, error) {
	log, err := r.log(&cfg, false)
	if err != nil {
		return nil, err
	}
	return app.Look(r.ctx, app.Options{Config: cfg, Version: r.env.Version, Log: log, Metrics: r.metrics})
}
