// Package account is the door for people: signing in and out, registering,
// setting a password by a one-time link, and one's own page (profile, password,
// sessions, API tokens).
//
// It also keeps what a person typed when their session ran out under them: a form
// posted without a live session is parked, encrypted under a key that only the
// browser's cookie holds, and offered again after signing in, to the same account
// only.
package account
