// Package config is every setting of the program in one struct.
//
// A setting comes from its default, then the TOML file, then the environment
// (MOTCUA_SMTP_PASSWORD for password under [smtp]), then the command line; the
// last one given wins. Secrets may also be named by a file that holds them
// (password_file, MOTCUA_SMTP_PASSWORD_FILE), which keeps them out of process
// lists and backups of the settings.
//
// A key that nobody knows is an error that names the line and the nearest key that
// exists: a misspelled limit must not silently be no limit. All problems are told
// at once, each with its remedy, in Vietnamese and English.
//
// The documented example file is made from the struct, so it is never out of date.
package config
