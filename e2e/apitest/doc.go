// Package apitest drives the built program from outside, as an operator and a
// connected program would: it starts it, kills it, reads its exit status and last
// line, and speaks its JSON API. It knows nothing that the documents do not say.
package apitest
