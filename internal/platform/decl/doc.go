// Package decl reads declarations: the YAML files of the sector packs.
//
// A declaration is written by people who do not program, so the reader is
// strict and speaks plainly: an unknown key, a key written twice, a word where a
// number belongs are all errors, every error of a file is reported at once, and
// each names its file, line and column. Aliases and merge keys are refused: they
// hide what a page of law says, and they are the classic way to make a small
// file eat all memory.
//
// A struct with a field of type [Pos] learns where it was written, so that later checks
// (an unknown step, a rule that does not compile) point at the same line.
package decl
