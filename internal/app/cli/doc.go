// Package cli is the program as operators meet it: one command each for serving,
// trying out, upgrading, checking and saving a house.
//
// Every command answers with its exit status (0 well, 1 not well, 2 not
// understood) and one last line that begins with OK or FAIL where it judges
// something, so that scripts need not read Vietnamese. Everything else is written
// for people, in the language of MOTCUA_LANGUAGE or the terminal, Vietnamese first.
package cli
